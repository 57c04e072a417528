package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Duties that one node of a cluster does for all.
const (
	// LedgerLoader brings the ledger's changes into the warehouse.
	LedgerLoader = "ledger-loader"
	// Housekeeping seals days, gives up what is old, and sends notices.
	Housekeeping = "housekeeping"
)

// DefaultDutyFor is how long a duty is held beyond its last renewal. A node that
// dies is followed by another within it.
const DefaultDutyFor = 15 * time.Second

// Duty is something that one node does at a time.
//
// The naive way is to ask the ledger "is it still mine?" before each step. The
// answer is old when it comes, and does not come at all from a ledger that hangs. So
// the other way round: a duty is held for a time, and whoever could not renew it has
// stopped before the time is over, without asking anybody:
//
//	Hold ── answered ─────────────────────────── 15 s, the ledger gives it away
//	│  renewed every 5 s                  12.5 s, our own timer: stop
//	└─ the time runs from before the question
//
// The work ends by a timer, which no step of a clock touches. Held looks at the
// clock as well, which also runs while the machine sleeps; whichever says first that
// the time is over is believed. How long the ledger waits is its own business: one
// that counts by its own clock makes the nodes' clocks matter to nobody, and with any
// other a node whose clock is ahead may be given a duty while another still has
// seconds of it. A process may also stand still just behind a look at Held. So what is
// done under a duty must be harmless when two do it for a moment; the marks of the
// warehouse see to that for loads, see package loader for the rest.
type Duty struct {
	commons ledger.Commons
	name    string
	holder  uint64
	clock   homing.Clock
	log     *slog.Logger
	held    time.Duration // beyond the last renewal

	mu   sync.Mutex
	ends time.Time          // guarded by mu: until then it is held; zero = it is not
	from time.Time          // guarded by mu: of the last renewal's question
	stop context.CancelFunc // guarded by mu: ends the work; nil = there is none
	over *time.Timer        // guarded by mu: ends it in time
	err  error              // guarded by mu: why the ledger could not be asked last
}

// DutyOptions are what a Duty is made of.
type DutyOptions struct {
	Commons ledger.Commons
	Name    string
	Holder  uint64 // see NewHolder
	Clock   homing.Clock
	Log     *slog.Logger  // nil = nobody
	For     time.Duration // 0 = DefaultDutyFor
}

// NewHolder names a process among all that may hold a duty.
func NewHolder() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint64(b[:])>>1 | 1
}

// NewDuty makes a duty that nobody tries to hold before Run.
func NewDuty(o DutyOptions) *Duty {
	d := &Duty{commons: o.Commons, name: o.Name, holder: o.Holder, clock: o.Clock, log: o.Log, held: cmp.Or(o.For, DefaultDutyFor)}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Held tells whether this node has the duty now. It asks nobody, and is false at
// once when the time is over.
func (d *Duty) Held() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isHeld()
}

// isHeld needs d.mu.
func (d *Duty) isHeld() bool {
	if d.ends.IsZero() {
		return false
	}
	now := d.clock()
	// Round takes the timer's reading away and leaves the clock's, which also runs
	// while the machine sleeps.
	return now.Before(d.ends) && now.Round(0).Before(d.ends.Round(0)) && !now.Round(0).Before(d.from.Round(0).Add(-d.held))
}

// Trouble tells why the ledger could not be asked for the duty when that was last
// tried; nil if it could, whoever holds it.
func (d *Duty) Trouble() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Run tries to hold the duty until ctx is done. While it is held, work runs, with a
// context that ends when the duty is lost; it must end soon after, and is waited
// for before the duty is tried again. At a clean end the duty is given up when work
// has ended, so that another node has it at once. work may be nil.
func (d *Duty) Run(ctx context.Context, work func(ctx context.Context)) {
	if work == nil {
		work = func(ctx context.Context) { <-ctx.Done() }
	}
	for ctx.Err() == nil {
		if err := d.renew(ctx); err == nil {
			d.serve(ctx, work)
		}
		wait(ctx, d.every())
	}
}

func (d *Duty) every() time.Duration { return d.held / 3 }

func wait(ctx context.Context, how time.Duration) {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// serve runs work for as long as the duty is held.
func (d *Duty) serve(ctx context.Context, work func(ctx context.Context)) {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	d.mu.Lock()
	if !d.isHeld() {
		d.mu.Unlock()
		return
	}
	d.stop = stop
	d.mu.Unlock()
	d.log.Info("this node does a duty of the cluster from now on", "duty", d.name)

	var renewing sync.WaitGroup
	renewing.Go(func() { d.keep(inner) })
	work(inner)
	stop()
	renewing.Wait()

	d.mu.Lock()
	still := d.isHeld()
	d.lose()
	d.mu.Unlock()
	if still {
		d.handOver(ctx)
	}
}

// keep renews the duty until the work ends, or the duty is lost.
func (d *Duty) keep(ctx context.Context) {
	for {
		wait(ctx, d.every())
		if ctx.Err() != nil {
			return
		}
		if err := d.renew(ctx); errors.Is(err, homing.ErrConflict) {
			return
		}
	}
}

// renew takes the duty, or keeps it for longer.
func (d *Duty) renew(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, d.every())
	defer cancel()
	asked := d.clock() // the time runs from here: the ledger may answer late
	now := homing.MillisOf(asked)
	err := d.commons.Hold(short, d.name, d.holder, now, now+homing.MillisIn(d.held))

	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = nil
	switch {
	case err == nil:
		d.from, d.ends = asked, asked.Add(d.held-d.held/6)
		left := d.ends.Sub(d.clock())
		if d.over == nil {
			d.over = time.AfterFunc(left, d.ranOut)
		} else {
			d.over.Reset(left)
		}
	case errors.Is(err, homing.ErrConflict):
		if !d.ends.IsZero() {
			d.log.Warn("a duty of the cluster was lost to another node", "duty", d.name)
		}
		d.lose()
	case ctx.Err() == nil:
		d.err = fmt.Errorf("couldn't ask for the duty %s: %w", d.name, err)
	}
	return err
}

// ranOut ends the work when the duty could not be renewed in time.
func (d *Duty) ranOut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ends.IsZero() {
		return // given up
	}
	if d.isHeld() { // renewed at the last moment
		d.over.Reset(d.ends.Sub(d.clock()))
		return
	}
	d.log.Warn("a duty of the cluster could not be renewed in time, and is no longer done here", "duty", d.name, "error", d.err)
	d.lose()
}

// lose ends the work. It needs d.mu.
func (d *Duty) lose() {
	d.ends = time.Time{}
	if d.over != nil {
		d.over.Stop()
	}
	if d.stop != nil {
		d.stop()
		d.stop = nil
	}
}

// handOver gives the duty up, so that nobody waits for its time to be over.
func (d *Duty) handOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	now := homing.MillisOf(d.clock())
	if err := d.commons.Hold(ctx, d.name, d.holder, now, now); err != nil {
		d.log.Info("couldn't hand a duty of the cluster over; another node takes it when its time is over", "duty", d.name, "error", err)
	}
}
