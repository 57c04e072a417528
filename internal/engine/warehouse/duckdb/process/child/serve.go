//go:build cgo

package child

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// At the end, statements have endPatience to notice that they are interrupted,
// and the file closePatience to be closed. Together they are shorter than the
// next child waits for the lock. Being killed in the middle is harmless.
const (
	endPatience   = 2 * time.Second
	closePatience = 5 * time.Second
)

// server is the child at work.
type server struct {
	out  *wire.Sender
	stop chan struct{} // closed at the end of input

	mu    sync.Mutex
	db    *database        // guarded by mu; nil until Open was carried out
	calls map[uint32]*call // guarded by mu

	running sync.WaitGroup
	writing sync.Mutex // held by the transaction that is carried out
	fatal   chan *wire.Fault
	pings   chan uint32
}

// Serve reads frames from in and answers on out until in ends, and tells the
// exit status: 0 at the end of input, 1 if the database cannot be used any
// more, 2 if what came was not understood.
func Serve(in io.Reader, out io.Writer) int {
	s := &server{
		out: wire.NewSender(out), stop: make(chan struct{}), calls: map[uint32]*call{},
		fatal: make(chan *wire.Fault, 1), pings: make(chan uint32, 16),
	}
	go s.pong()
	ended := make(chan error, 1)
	go func() { ended <- s.read(wire.NewReceiver(bufio.NewReaderSize(in, 256<<10))) }()
	select {
	case err := <-ended:
		close(s.stop)
		s.end()
		if err != nil {
			fmt.Fprintln(os.Stderr, "the warehouse process ends:", err)
			return 2
		}
		return 0
	case fault := <-s.fatal:
		fmt.Fprintln(os.Stderr, "the warehouse process ends:", fault.Text)
		return 1
	}
}

// pong answers pings, so that they are answered whatever the others do.
func (s *server) pong() {
	for id := range s.pings {
		_ = s.out.Send(wire.Pong, id, nil) // the pipe is gone: read notices
	}
}

// read takes frames in until there are no more. It never waits for a statement.
func (s *server) read(in *wire.Receiver) error {
	for {
		f, err := in.Receive()
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.take(f); err != nil {
			return err
		}
	}
}

func (s *server) take(f wire.Frame) error {
	switch f.Kind {
	case wire.Ping:
		select {
		case s.pings <- f.ID:
		default: // a pong for an earlier one is on its way
		}
	case wire.Open:
		settings := f.Body.Settings()
		if err := f.Body.Err(); err != nil {
			return err
		}
		go s.open(f.ID, settings)
	case wire.Query:
		s.begin(f, s.query)
	case wire.Begin:
		s.begin(f, s.write)
	case wire.More, wire.Statement, wire.Append, wire.Commit:
		return s.deliver(f)
	case wire.Cancel:
		s.cancel(f.ID)
	default:
		return wire.ErrGarbage
	}
	return nil
}

func (s *server) open(id uint32, settings wire.Settings) {
	db, fault := openDatabase(settings, s.stop)
	if fault != nil {
		s.fail(id, fault)
		return
	}
	if fault := db.prepare(); fault != nil {
		s.fail(id, fault)
		return
	}
	s.mu.Lock()
	s.db = db
	s.mu.Unlock()
	b := wire.NewBody()
	b.PutText(duck.LibraryVersion())
	_ = s.out.Send(wire.Opened, id, b)
}

// begin starts what a frame asks for.
func (s *server) begin(f wire.Frame, work func(*call, wire.Frame) *wire.Fault) {
	c := &call{id: f.ID, frames: make(chan wire.Frame, wire.Window+2), cancelled: make(chan struct{})}
	s.mu.Lock()
	db := s.db
	s.calls[f.ID] = c
	s.mu.Unlock()
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		fault := &wire.Fault{Kind: wire.Unavailable, Text: "the database is not open yet"}
		if db != nil {
			fault = s.connected(db, c, f, work)
		}
		s.mu.Lock()
		delete(s.calls, f.ID)
		s.mu.Unlock()
		if fault != nil {
			s.fail(f.ID, fault)
		}
	}()
}

// connected does the work on a connection of its own.
func (s *server) connected(db *database, c *call, f wire.Frame, work func(*call, wire.Frame) *wire.Fault) *wire.Fault {
	conn, fault := db.connect()
	if fault != nil {
		return fault
	}
	c.attach(conn)
	fault = work(c, f)
	f.Release()
	c.detach()
	duck.Disconnect(&conn)
	return fault
}

func (s *server) fail(id uint32, fault *wire.Fault) {
	b := wire.NewBody()
	fault.Put(b)
	_ = s.out.Send(wire.Fail, id, b)
	if fatal(fault) {
		select {
		case s.fatal <- fault:
		default:
		}
	}
}

// deliver hands a frame to its call. One for a call that has failed is dropped:
// it was on its way when the failure was told.
func (s *server) deliver(f wire.Frame) error {
	s.mu.Lock()
	c := s.calls[f.ID]
	s.mu.Unlock()
	if c == nil {
		f.Release()
		return nil
	}
	select {
	case c.frames <- f:
		return nil
	default:
		return fmt.Errorf("%w: more than was asked for", wire.ErrGarbage)
	}
}

func (s *server) cancel(id uint32) {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c != nil {
		c.cancel()
	}
}

// end interrupts everything and closes the file, in bounded time.
func (s *server) end() {
	s.mu.Lock()
	for _, c := range s.calls {
		c.cancel()
	}
	db := s.db
	s.mu.Unlock()
	if !within(endPatience, s.running.Wait) || db == nil {
		return
	}
	within(closePatience, db.close)
}

func within(d time.Duration, work func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}
