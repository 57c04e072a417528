package app

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// awaited is a warehouse that may not be there yet: its directory is a plain
// file, or cannot be written, or its disk is not mounted. Nobody at the doors is
// to notice that, so it is opened again and again until it succeeds; from then on
// every call goes to what was opened. Until then calls are answered with
// homing.ErrUnavailable and the reason, as those of a warehouse whose process is
// away are, and Status tells it.
type awaited struct {
	open  func() (warehouse.Warehouse, error)
	clock homing.Clock
	log   *slog.Logger

	there atomic.Pointer[warehouse.Warehouse] // nil: not opened yet
	// was is the time of waiting, once it is over; nil if there was none. It is
	// stored before there is.
	was atomic.Pointer[warehouse.Incident]

	mu    sync.Mutex
	err   error         // guarded by mu: why it could not be opened
	since homing.Millis // guarded by mu

	opening sync.WaitGroup
	stop    context.CancelFunc
}

var _ warehouse.Warehouse = (*awaited)(nil)

// await opens a warehouse now, or else every so often until Close.
func await(open func() (warehouse.Warehouse, error), period time.Duration, clock homing.Clock, log *slog.Logger) *awaited {
	ctx, stop := context.WithCancel(context.Background())
	a := &awaited{open: open, clock: clock, log: log, stop: stop}
	if !a.try() {
		a.opening.Go(func() { every(ctx, period, a.try) })
	}
	return a
}

// try opens the warehouse once. Each reason is logged once.
func (a *awaited) try() bool {
	w, err := a.open()
	now := homing.MillisOf(a.clock())
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if a.err == nil || a.err.Error() != err.Error() {
			a.log.Error("there are no reports until the warehouse can be opened, which is tried again and again; clicks and postbacks go on", "error", err)
		}
		if a.err == nil {
			a.since = now
		}
		a.err = err
		return false
	}
	if a.err != nil {
		a.was.Store(&warehouse.Incident{From: a.since, Until: now, What: trouble(a.err)})
		a.log.Info("the warehouse could be opened")
	}
	a.there.Store(&w)
	return true
}

// trouble is the error in one line, however many there were.
func trouble(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// get is the opened warehouse. The error keeps the kind of its cause to itself:
// what is damaged under way to opening is no reason to make anything anew.
func (a *awaited) get() (warehouse.Warehouse, error) {
	if w := a.there.Load(); w != nil {
		return *w, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return nil, fmt.Errorf("%w: %s", homing.ErrUnavailable, trouble(a.err))
}

// Close ends the waiting, and closes what was opened.
func (a *awaited) Close() error {
	a.stop()
	a.opening.Wait()
	if w := a.there.Load(); w != nil {
		return (*w).Close()
	}
	return nil
}

// Status implements warehouse.Keeper.
func (a *awaited) Status() warehouse.Status {
	w := a.there.Load()
	if w == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		return warehouse.Status{Trouble: trouble(a.err), Since: a.since}
	}
	status := (*w).Status()
	if was := a.was.Load(); was != nil {
		status.Incidents = append(status.Incidents[:len(status.Incidents):len(status.Incidents)], *was) // the oldest
	}
	return status
}

// The rest hands calls on.

// Load implements warehouse.Sink.
func (a *awaited) Load(ctx context.Context, b *warehouse.Batch) error {
	return done(a.get, func(w warehouse.Warehouse) error { return w.Load(ctx, b) })
}

// Mark implements warehouse.Sink.
func (a *awaited) Mark(ctx context.Context, source string) (warehouse.Mark, error) {
	return asked(a.get, func(w warehouse.Warehouse) (warehouse.Mark, error) { return w.Mark(ctx, source) })
}

// Ask implements warehouse.Source.
func (a *awaited) Ask(ctx context.Context, q *warehouse.Query) (*warehouse.Answer, error) {
	return asked(a.get, func(w warehouse.Warehouse) (*warehouse.Answer, error) { return w.Ask(ctx, q) })
}

// Stream implements warehouse.Source.
func (a *awaited) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	return listed(a.get, func(w warehouse.Warehouse) iter.Seq2[warehouse.Row, error] { return w.Stream(ctx, q) })
}

// Clicks implements warehouse.Source.
func (a *awaited) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	return listed(a.get, func(w warehouse.Warehouse) iter.Seq2[warehouse.Click, error] { return w.Clicks(ctx, l) })
}

// Postbacks implements warehouse.Source.
func (a *awaited) Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return listed(a.get, func(w warehouse.Warehouse) iter.Seq2[warehouse.Postback, error] { return w.Postbacks(ctx, l) })
}

// Conversions implements warehouse.Source.
func (a *awaited) Conversions(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	return listed(a.get, func(w warehouse.Warehouse) iter.Seq2[warehouse.Conversion, error] { return w.Conversions(ctx, l) })
}

// Click implements warehouse.Source.
func (a *awaited) Click(ctx context.Context, origin homing.Origin) (warehouse.Click, error) {
	return asked(a.get, func(w warehouse.Warehouse) (warehouse.Click, error) { return w.Click(ctx, origin) })
}

// Seal implements warehouse.Keeper.
func (a *awaited) Seal(ctx context.Context, day warehouse.Day) error {
	return done(a.get, func(w warehouse.Warehouse) error { return w.Seal(ctx, day) })
}

// Seals implements warehouse.Keeper.
func (a *awaited) Seals(ctx context.Context) ([]warehouse.Seal, error) {
	return asked(a.get, func(w warehouse.Warehouse) ([]warehouse.Seal, error) { return w.Seals(ctx) })
}

// Drop implements warehouse.Keeper.
func (a *awaited) Drop(ctx context.Context, table warehouse.Table, before warehouse.Day) error {
	return done(a.get, func(w warehouse.Warehouse) error { return w.Drop(ctx, table, before) })
}

// Oldest implements warehouse.Keeper.
func (a *awaited) Oldest(ctx context.Context, table warehouse.Table) (warehouse.Day, error) {
	return asked(a.get, func(w warehouse.Warehouse) (warehouse.Day, error) { return w.Oldest(ctx, table) })
}

// Erase implements warehouse.Keeper.
func (a *awaited) Erase(ctx context.Context, what warehouse.Erasure) error {
	return done(a.get, func(w warehouse.Warehouse) error { return w.Erase(ctx, what) })
}

// Lost implements warehouse.Keeper.
func (a *awaited) Lost(ctx context.Context, from, before warehouse.Day) error {
	return done(a.get, func(w warehouse.Warehouse) error { return w.Lost(ctx, from, before) })
}

// Reset implements warehouse.Keeper.
func (a *awaited) Reset(ctx context.Context, progress warehouse.Progress) error {
	return done(a.get, func(w warehouse.Warehouse) error { return w.Reset(ctx, progress) })
}

// Verify implements warehouse.Keeper.
func (a *awaited) Verify(ctx context.Context, progress warehouse.Progress) ([]warehouse.Flaw, error) {
	return asked(a.get, func(w warehouse.Warehouse) ([]warehouse.Flaw, error) { return w.Verify(ctx, progress) })
}
