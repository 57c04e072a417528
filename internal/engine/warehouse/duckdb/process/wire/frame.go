// Package wire is the language that the server and its DuckDB child speak over
// a pair of pipes.
//
//	frame:  'h' 'W'  kind u8  0  id u32  length u32  body (little-endian)
//
//	server                       child
//	  Open {settings}       ──►    Opened {version}, or Fail
//	  Ping                  ──►    Pong, whatever else is going on
//	  Query {sql, args}     ──►    Rows {header, rows, last?}, or Fail
//	  More                  ──►    Rows, one for each More
//	  Cancel                ──►    Fail (or what was on its way already)
//	  Begin, Statement…,
//	  Append…, Commit       ──►    Done for each Statement and Append, then Committed; or Fail
//
// The id joins a question and its answers. After Fail or the last Rows nothing
// more comes under an id, and the child ignores what it still gets under it.
// Numbers are packed to the width they need, see [Body.PutInts]: most columns of
// a batch are small numbers and empty texts.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxFrame is the longest body of a frame. Batches are cut far below it.
const MaxFrame = 64 << 20

// Kind is what a frame is.
type Kind byte

// Kinds of frames; the comment says what is in the body.
const (
	Open      Kind = iota + 1 // Settings
	Ping                      // nothing
	Query                     // sql, args
	More                      // nothing
	Cancel                    // nothing
	Begin                     // u8: 1 = without a transaction
	Statement                 // sql, args, expect
	Append                    // see AppendHead
	Commit                    // nothing
)

// Kinds of answers.
const (
	Opened    Kind = iota + 32 // version
	Pong                       // nothing
	Rows                       // see RowsHead
	Done                       // i64: rows changed
	Committed                  // nothing
	Fail                       // Fault
)

var (
	magic = [2]byte{'h', 'W'}

	// ErrGarbage: what came is no frame. Nothing more can be read.
	ErrGarbage = errors.New("what came over the pipe is no frame")
	// ErrLong: a frame is longer than MaxFrame. It was not sent.
	ErrLong = fmt.Errorf("a frame would be longer than %d MiB", MaxFrame>>20)
)

const headLen = 12

// Frame is a frame that was read.
type Frame struct {
	Kind Kind
	ID   uint32
	Body Reader
	raw  []byte
}

// Receiver reads frames. It is not safe for concurrent use.
type Receiver struct{ in io.Reader }

// NewReceiver reads frames from in; buffer it if reads are dear.
func NewReceiver(in io.Reader) *Receiver { return &Receiver{in: in} }

// Receive reads the next frame. At the end of input it answers io.EOF.
func (r *Receiver) Receive() (Frame, error) {
	var head [headLen]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return Frame{}, err
	}
	length := binary.LittleEndian.Uint32(head[8:])
	if [2]byte(head[:2]) != magic || head[3] != 0 || length > MaxFrame {
		return Frame{}, ErrGarbage
	}
	f := Frame{Kind: Kind(head[2]), ID: binary.LittleEndian.Uint32(head[4:]), raw: take(int(length))}
	if _, err := io.ReadFull(r.in, f.raw); err != nil {
		return Frame{}, err
	}
	f.Body.rest = f.raw
	return f, nil
}

// Release gives the body's memory back. Nothing that was read out of it may be
// used any more.
func (f *Frame) Release() {
	give(f.raw)
	f.raw, f.Body.rest = nil, nil
}

// Sender writes frames. It is safe for concurrent use: each goes out whole.
type Sender struct {
	mu  sync.Mutex
	out io.Writer // guarded by mu
}

// NewSender writes frames to out.
func NewSender(out io.Writer) *Sender { return &Sender{out: out} }

// Send sends the body as a frame, and takes its memory back.
func (s *Sender) Send(kind Kind, id uint32, b *Body) error {
	if b == nil {
		b = NewBody()
	}
	defer b.free()
	length := len(b.raw) - headLen
	if length > MaxFrame {
		return ErrLong
	}
	copy(b.raw, magic[:])
	b.raw[2], b.raw[3] = byte(kind), 0
	binary.LittleEndian.PutUint32(b.raw[4:], id)
	binary.LittleEndian.PutUint32(b.raw[8:], uint32(length))
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.out.Write(b.raw)
	return err
}

// Bodies come and go by megabytes many times a second, so their memory is kept.
// Small ones are left to the garbage collector: what is kept must not be a
// crowd of pages for pings.
var (
	bodies  sync.Pool
	keepMin = 64 << 10
	keepMax = 16 << 20
)

func take(n int) []byte {
	if n >= keepMin {
		if b, ok := bodies.Get().(*[]byte); ok && cap(*b) >= n {
			return (*b)[:n]
		}
	}
	return make([]byte, n)
}

func give(b []byte) {
	if cap(b) >= keepMin && cap(b) <= keepMax {
		bodies.Put(&b)
	}
}
