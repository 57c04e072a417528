// Package process runs DuckDB in a child process of the same program and talks
// to it, so that a crash of the analytics engine never stops a redirect.
//
//	Process (in the server) ── frames over stdin/stdout ──► child.Main ──► DuckDB
//
// The child knows no homing: it is told statements, and columns to append. The
// parent starts it, starts it again with back-off when it dies, and kills it
// when it has been silent for half a minute, or holds more memory than DuckDB
// was given and Allowance. The frames are drawn in package wire.
//
// What is promised:
//
//   - A Write that returned no error is durable, and whole. One that returned an
//     error of the child changed nothing. One whose commit was not heard of
//     (homing.ErrUnavailable, or the context's error) is in whole or not at all:
//     ask for something it writes, such as a mark.
//   - A call under way when the child dies gets homing.ErrUnavailable.
//   - Nobody waits for somebody else's slow reading: rows are sent for the
//     asking, and at most Readers statements read at a time.
package process

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// Options are what a Process is made of.
type Options struct {
	// Command starts the child; it must call child.Main. Nil: this program with
	// the argument Argument.
	Command []string
	Path    string // of the database file
	// Scratch is a directory for what does not fit memory; emptied at a start.
	Scratch string
	Memory  int64 // bytes that DuckDB may use; 0 = a quarter of the machine's, at most 4 GiB
	Threads int   // 0 = as many as there are cores
	// Readers is how many statements may read at a time; others wait a while,
	// and are then refused with homing.ErrOverloaded. 0 = 8.
	Readers int
	// Reserve is how many more may read that are not ForReport, when all places
	// of Readers are taken: however many reports are made, who loads goes on.
	Reserve int
	// Silence is how long the child may say nothing before it is killed; 0 = 30 s.
	Silence time.Duration
	Clock   homing.Clock
	Log     *slog.Logger

	// For tests; 0 means the constants.
	healthy   time.Duration
	allowance int64
}

// Argument is the command line argument that makes homing the child.
const Argument = "warehouse-process"

// Allowance is how much more memory than Options.Memory the child may hold
// before it is killed: its Go part, a loader's batch, and what DuckDB does not
// count.
const Allowance = 1 << 30

// Process is a supervised DuckDB. It is safe for concurrent use. While the
// child is away every call answers homing.ErrUnavailable at once;
// homing.ErrDamaged if it is away because its file cannot be read.
type Process struct {
	o       Options
	log     *slog.Logger
	seats   chan struct{} // one for each statement that reads
	reserve chan struct{} // more of them, see Options
	writing chan struct{} // held by the Write that is under way
	orders  chan *order
	closing chan struct{} // closed by Close
	ended   chan struct{} // closed when the last child is gone
	once    sync.Once     // closes closing

	mu      sync.Mutex
	session *session      // guarded by mu; the child that answers, nil while there is none
	away    error         // guarded by mu; why there is none
	damage  string        // guarded by mu; see Damage
	files   int           // guarded by mu; how many files there were before the present one
	changed chan struct{} // guarded by mu; closed when one of them changes
	record  record        // guarded by mu
}

// order is a Restart that was asked for.
type order struct {
	between func() error
	done    chan error // of between
}

// Start begins to supervise; it does not wait for the child.
func Start(o Options) *Process {
	o = withDefaults(o)
	p := &Process{
		o: o, log: o.Log,
		seats: make(chan struct{}, o.Readers), reserve: make(chan struct{}, o.Reserve), writing: make(chan struct{}, 1),
		orders: make(chan *order), closing: make(chan struct{}), ended: make(chan struct{}),
		changed: make(chan struct{}),
	}
	p.starting()
	go p.supervise()
	return p
}

func withDefaults(o Options) Options {
	if o.Memory == 0 {
		o.Memory = defaultMemory()
	}
	if o.Threads == 0 {
		o.Threads = cores()
	}
	if o.Readers == 0 {
		o.Readers = 8
	}
	if o.Silence == 0 {
		o.Silence = 30 * time.Second
	}
	if o.healthy == 0 {
		o.healthy = healthy
	}
	if o.allowance == 0 {
		o.allowance = Allowance
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Ready waits until the child answers, or ctx is done. If the file cannot be
// read it answers homing.ErrDamaged.
func (p *Process) Ready(ctx context.Context) error {
	for {
		p.mu.Lock()
		session, away := p.look()
		changed := p.changed
		p.mu.Unlock()
		if session != nil {
			return nil
		}
		if damaged(away) {
			return away
		}
		select {
		case <-changed:
		case <-p.closing:
			return errClosed
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", away, ctx.Err())
		}
	}
}

// Restart ends the child in order, runs between while there is none, to put
// another file in the place of its own, and starts the next one; it waits until
// that one answers. Calls under way end with
// homing.ErrUnavailable. The next one is started even if between fails, whose
// error is then returned.
func (p *Process) Restart(ctx context.Context, between func() error) error {
	o := &order{between: between, done: make(chan error, 1)}
	select {
	case p.orders <- o:
	case <-p.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := <-o.done; err != nil {
		return err
	}
	return p.Ready(ctx)
}

// Status tells how the child is doing. It never waits.
func (p *Process) Status() warehouse.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := p.record.status()
	if session, _ := p.look(); session != nil {
		status.Up, status.Version, status.Memory = true, session.version, session.memory.Load()
	}
	status.Bytes = fileBytes(p.o.Path)
	return status
}

// Close ends the child in order: it closes its file, and is killed if that
// takes long. It may be called again.
func (p *Process) Close() error {
	p.once.Do(func() { close(p.closing) })
	<-p.ended
	return nil
}
