package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// endPatience is how long a child may take to close its file before it is
// killed. It gives up by itself a second earlier.
const endPatience = 8 * time.Second

// session is one child, from its start to its end.
type session struct {
	cmd     *exec.Cmd
	input   io.WriteCloser // the child's
	queue   chan outgoing  // to be sent
	version string         // of DuckDB; set before opened is closed
	file    int            // Process.files when it was started
	memory  atomic.Int64   // that the child holds, in bytes
	heard   atomic.Bool    // something came since watch looked last
	opened  chan struct{}  // closed when the database is open
	dead    chan struct{}  // closed when the process is gone; ended is set then
	ended   fate

	mu     sync.Mutex
	calls  map[uint32]*call // guarded by mu; nil when the child is gone
	lastID uint32           // guarded by mu
	cause  *fate            // guarded by mu; why it was, or will be, ended
	closed bool             // guarded by mu; the end of input was asked for
}

// fate is how a child ended.
type fate struct {
	what    string
	damaged bool
}

type outgoing struct {
	kind wire.Kind
	id   uint32
	body *wire.Body
}

// call is something asked of a child.
type call struct {
	id      uint32
	session *session
	// answers has room for all that may come before somebody reads.
	answers chan wire.Frame
	over    chan struct{} // closed after the last answer, or when the child is gone
	release func()        // gives back what the call holds; called once, at its end

	cancelled atomic.Bool
	waited    time.Duration // watch's: since the cancel was seen
}

// launch starts a child. A start that fails is a session that has ended.
func (p *Process) launch() *session {
	p.mu.Lock()
	file := p.files
	p.mu.Unlock()
	s := &session{
		queue: make(chan outgoing, wire.Window), calls: map[uint32]*call{},
		opened: make(chan struct{}), dead: make(chan struct{}), file: file,
	}
	if err := s.start(p); err != nil {
		s.ended = fate{what: "the warehouse process cannot be started: " + err.Error()}
		close(s.dead)
	}
	return s
}

func (s *session) start(p *Process) error {
	command := p.o.Command
	if command == nil {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		command = []string{self, Argument}
	}
	s.cmd = exec.Command(command[0], command[1:]...)
	// A group of its own: Ctrl-C in a terminal goes to the server, which ends
	// the child in order. Not a session of its own: Linux weighs niceness within
	// a session only.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if s.input, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	output, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	words, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	said := &lines{log: p.log}
	var reading sync.WaitGroup
	reading.Go(func() { said.copy(words) })
	reading.Go(func() { s.read(output) })
	go s.send()
	go s.watch(p.o)
	go func() {
		reading.Wait()
		s.bury(s.cmd.Wait(), said.last())
	}()
	go s.open(p)
	return nil
}

// open has the database opened.
func (s *session) open(p *Process) {
	settings := wire.Settings{Path: p.o.Path, Scratch: p.o.Scratch, Memory: p.o.Memory, Threads: p.o.Threads, Patience: lockPatience}
	b := wire.NewBody()
	settings.Put(b)
	c, err := s.ask(context.Background(), wire.Open, b, func() {})
	if err != nil {
		return // the child is gone already
	}
	f, err := c.wait(context.Background())
	switch {
	case err != nil:
	case f.Kind == wire.Opened:
		s.version = f.Body.Text()
		close(s.opened)
	case f.Kind == wire.Fail:
		fault := f.Body.Fault()
		s.kill(fate{what: "the warehouse cannot be opened: " + inWords(fault), damaged: fault.Kind == wire.Damaged})
	}
}

// lockPatience is how long the child waits for the lock of its file: a child
// that was left behind gives it back within seven seconds.
const lockPatience = 10 * time.Second

// ask sends a question under a new id. release is called when the last answer
// has come, or the child is gone; at once if there is an error.
func (s *session) ask(ctx context.Context, kind wire.Kind, b *wire.Body, release func()) (*call, error) {
	c := &call{session: s, answers: make(chan wire.Frame, wire.Window+3), over: make(chan struct{}), release: release}
	s.mu.Lock()
	if s.calls == nil {
		s.mu.Unlock()
		release()
		return nil, s.lost()
	}
	s.lastID++
	c.id = s.lastID
	s.calls[c.id] = c
	s.mu.Unlock()
	if err := c.send(ctx, kind, b); err != nil {
		s.finish(c.id) // it was not sent: there will be no answer
		return nil, err
	}
	return c, nil
}

// send sends something under the call's id.
func (c *call) send(ctx context.Context, kind wire.Kind, b *wire.Body) error {
	select {
	case c.session.queue <- outgoing{kind, c.id, b}:
		return nil
	case <-c.session.dead:
		return c.session.lost()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait waits for the next answer.
func (c *call) wait(ctx context.Context) (wire.Frame, error) {
	select {
	case f := <-c.answers:
		return f, nil
	default:
	}
	select {
	case f := <-c.answers:
		return f, nil
	case <-c.over:
		select { // what came last came before over was closed
		case f := <-c.answers:
			return f, nil
		default:
			return wire.Frame{}, c.session.lost()
		}
	case <-ctx.Done():
		return wire.Frame{}, ctx.Err()
	}
}

// cancel gives the call up. It does not wait; the call is over when the child
// says so.
func (c *call) cancel() {
	if c.cancelled.Swap(true) {
		return
	}
	select {
	case <-c.over:
	case c.session.queue <- outgoing{wire.Cancel, c.id, nil}:
	default:
		go func() {
			select {
			case <-c.over:
			case c.session.queue <- outgoing{wire.Cancel, c.id, nil}:
			}
		}()
	}
}

// lost is what a call ends with that the child did not answer.
func (s *session) lost() error {
	select {
	case <-s.dead:
		return fmt.Errorf("%w: %s", homing.ErrUnavailable, s.ended.what)
	default:
		return fmt.Errorf("%w: the warehouse process is ending", homing.ErrUnavailable)
	}
}

// send is the only one who writes to the child, so that a caller can give up
// while the pipe is full.
func (s *session) send() {
	sender := wire.NewSender(s.input)
	for {
		select {
		case <-s.dead:
			return
		case o := <-s.queue:
			err := sender.Send(o.kind, o.id, o.body)
			if errors.Is(err, wire.ErrLong) {
				s.kill(fate{what: err.Error()}) // pieces are cut below it
			}
			// Any other error: the child is gone, or its input was closed. Go on
			// emptying the queue until it is buried.
		}
	}
}

// read takes the child's frames in. It never waits for a caller.
func (s *session) read(output io.Reader) {
	receiver := wire.NewReceiver(output)
	for {
		f, err := receiver.Receive()
		if err != nil {
			if errors.Is(err, wire.ErrGarbage) {
				s.kill(fate{what: "the warehouse process said something that is no frame, and was killed"})
			}
			_, _ = io.Copy(io.Discard, output) // until it is gone
			return
		}
		s.heard.Store(true)
		if f.Kind != wire.Pong {
			s.deliver(f)
		}
	}
}

func (s *session) deliver(f wire.Frame) {
	s.mu.Lock()
	c := s.calls[f.ID]
	s.mu.Unlock()
	if c == nil {
		f.Release()
		return
	}
	last := f.Kind == wire.Fail || f.Kind == wire.Committed || f.Kind == wire.Opened
	if f.Kind == wire.Rows {
		peek := f.Body
		last = peek.RowsHead().Last
	}
	select {
	case c.answers <- f:
	default:
		s.kill(fate{what: "the warehouse process said more than it was asked for, and was killed"})
	}
	if last {
		s.finish(f.ID)
	}
}

// finish takes a call off the list and gives back what it holds.
func (s *session) finish(id uint32) {
	s.mu.Lock()
	c := s.calls[id]
	delete(s.calls, id)
	s.mu.Unlock()
	if c != nil {
		close(c.over)
		c.release()
	}
}

// kill ends the child at once, and what it may have started.
func (s *session) kill(why fate) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = &why
	}
	s.mu.Unlock()
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // it may be gone already
}

// end ends the child in order, and waits for it.
func (s *session) end() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if s.input != nil {
		_ = s.input.Close()
	}
	timer := time.NewTimer(endPatience)
	defer timer.Stop()
	select {
	case <-s.dead:
		return
	case <-timer.C:
	}
	s.kill(fate{what: "the warehouse process did not end when told to, and was killed"})
	<-s.dead
}

// bury ends all calls of a child that is gone.
func (s *session) bury(err error, said string) {
	s.mu.Lock()
	switch {
	case s.cause != nil:
		s.ended = *s.cause
	case s.closed:
		s.ended = fate{what: "the warehouse process was ended"}
	default:
		s.ended = fateOf(err, said)
	}
	calls := s.calls
	s.calls = nil
	s.mu.Unlock()
	close(s.dead)
	for _, c := range calls {
		close(c.over)
		c.release()
	}
	_ = s.input.Close() // Wait has done it, mostly
}

func (s *session) fate() fate { return s.ended }

// fateOf says how a child ended by itself.
func fateOf(err error, said string) fate {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fate{what: "the warehouse process ended by itself"}
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		if status.Signal() == syscall.SIGKILL {
			return fate{what: "the warehouse process was killed (signal 9)"}
		}
		return fate{what: fmt.Sprintf("the warehouse process crashed (signal %d, %s)", status.Signal(), status.Signal())}
	}
	what := fmt.Sprintf("the warehouse process ended by itself (status %d)", exit.ExitCode())
	if said != "" {
		what += ": " + said
	}
	return fate{what: what}
}
