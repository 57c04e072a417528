package wire

import (
	"encoding/binary"
	"fmt"
)

// Body is a frame's body under construction.
type Body struct{ raw []byte } // begins with room for the frame's head

// NewBody is an empty body.
func NewBody() *Body { return &Body{raw: make([]byte, headLen, 256)} }

// NewLargeBody is an empty body for megabytes.
func NewLargeBody() *Body { return &Body{raw: take(1 << 20)[:headLen]} }

func (b *Body) free() {
	give(b.raw)
	b.raw = nil
}

// Len is how long the body is by now.
func (b *Body) Len() int { return len(b.raw) - headLen }

// PutByte appends a byte.
func (b *Body) PutByte(v byte) { b.raw = append(b.raw, v) }

// PutUint appends a number of 32 bits.
func (b *Body) PutUint(v uint32) { b.raw = binary.LittleEndian.AppendUint32(b.raw, v) }

// PutInt appends a number of 64 bits.
func (b *Body) PutInt(v int64) { b.raw = binary.LittleEndian.AppendUint64(b.raw, uint64(v)) }

// PutText appends a text with its length.
func (b *Body) PutText(s string) {
	b.PutUint(uint32(len(s)))
	b.raw = append(b.raw, s...)
}

// PutBytes appends bytes with their length.
func (b *Body) PutBytes(s []byte) {
	b.PutUint(uint32(len(s)))
	b.raw = append(b.raw, s...)
}

// Reader reads a body. After the first thing that is not there everything reads
// as zero, and Err tells.
type Reader struct {
	rest   []byte
	broken bool
}

// Err is ErrGarbage if the body was shorter than what was read of it.
func (r *Reader) Err() error {
	if r.broken {
		return ErrGarbage
	}
	return nil
}

// Byte reads a byte.
func (r *Reader) Byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint reads a number of 32 bits.
func (r *Reader) Uint() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Int reads a number of 64 bits.
func (r *Reader) Int() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// Text reads a text; it is a copy.
func (r *Reader) Text() string { return string(r.Bytes()) }

// Bytes reads bytes; they are the frame's.
func (r *Reader) Bytes() []byte { return r.take(int(r.Uint())) }

// count reads how many things follow, each of at least one byte, so that
// garbage does not make room for billions.
func (r *Reader) count() int {
	n := int(r.Uint())
	if n > len(r.rest) {
		r.broken = true
		return 0
	}
	return n
}

func (r *Reader) take(n int) []byte {
	if r.broken || n < 0 || n > len(r.rest) {
		r.broken, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// Kinds of arguments.
const (
	argNull byte = iota
	argInt
	argText
	argBlob
	argFalse
	argTrue
)

// PutArgs appends arguments: int64, int, string, []byte, bool or nil.
func (b *Body) PutArgs(args []any) error {
	b.PutUint(uint32(len(args)))
	for i, arg := range args {
		switch v := arg.(type) {
		case nil:
			b.PutByte(argNull)
		case int64:
			b.PutByte(argInt)
			b.PutInt(v)
		case int:
			b.PutByte(argInt)
			b.PutInt(int64(v))
		case string:
			b.PutByte(argText)
			b.PutText(v)
		case []byte:
			b.PutByte(argBlob)
			b.PutBytes(v)
		case bool:
			if v {
				b.PutByte(argTrue)
			} else {
				b.PutByte(argFalse)
			}
		default:
			return fmt.Errorf("argument %d is a %T; int64, string, []byte, bool and nil can be given", i+1, arg)
		}
	}
	return nil
}

// Args reads arguments: int64, string, []byte (the frame's), bool or nil.
func (r *Reader) Args() []any {
	args := make([]any, r.count())
	for i := range args {
		switch kind := r.Byte(); kind {
		case argNull:
		case argInt:
			args[i] = r.Int()
		case argText:
			args[i] = r.Text()
		case argBlob:
			args[i] = r.Bytes()
		case argFalse, argTrue:
			args[i] = kind == argTrue
		default:
			r.broken = true
		}
	}
	return args
}
