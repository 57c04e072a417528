package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// What is made anew by itself is a warehouse that was read and is not what was
// written. One that cannot be read at all, because the disk gives errors, stays
// away and is told of for as long as that lasts, however often it is tried:
//
//   - The file may be good. A cable, a controller or a volume that comes back
//     gives the rows as they were, today's and unsealed ones among them.
//   - A disk that cannot read will not write gigabytes any better, and every one
//     that is tried makes its end come sooner.
//   - Nothing is lost by waiting: redirects, postbacks, ledger and spool go on.
//
// Who knows better, or has put another disk in its place, asks for it by homing
// warehouse rebuild.

// resetEvery is how often at most the loader makes the warehouse anew by
// itself. More would hide a disk that is failing.
const resetEvery = time.Hour

// resetAgain is how long after one that failed the next is tried; it doubles up
// to resetEvery. What keeps one (a child that was killed, a disk that is full)
// passes, mostly; nobody is to be without reports for an hour because of it.
const resetAgain = 10 * time.Second

// resetItself makes the warehouse anew after damage, if it has not done so
// lately. It needs the turn.
func (l *Loader) resetItself(ctx context.Context, cause error) error {
	switch {
	case l.mayReset():
	case l.failedResets > 0:
		return fmt.Errorf("the warehouse is damaged and could not be made anew; this is tried again: %w", cause)
	default:
		return fmt.Errorf("the warehouse is damaged again, less than an hour after it was made anew; check the disk: %w", cause)
	}
	l.tell(noticeReset, "the warehouse is damaged and is made anew from the sealed days, the spool and the ledger: "+cause.Error())
	if err := l.reset(ctx, "the warehouse was damaged and is made anew", nil); err != nil {
		return err
	}
	return errMoved
}

// mayReset tells whether the warehouse may be made anew by itself now.
func (l *Loader) mayReset() bool {
	if l.lastReset.IsZero() {
		return true
	}
	pause := resetEvery
	if l.failedResets > 0 {
		pause = min(resetAgain<<min(l.failedResets-1, 16), resetEvery)
	}
	since := l.clock().Sub(l.lastReset)
	return since >= pause || since < 0 // the clock was set back
}

// damage is what the warehouse says cannot be read in it, be it that somebody
// else met it: a question of a report, or who seals a day. While nothing may be
// done about it, rows are loaded as far as that goes.
func (l *Loader) damage() error {
	if what := l.warehouse.Status().Damage; what != "" && !l.options.Shared && l.mayReset() {
		return fmt.Errorf("%w: %s", homing.ErrDamaged, what)
	}
	return nil
}

// reset makes the warehouse anew. It needs the turn.
func (l *Loader) reset(ctx context.Context, cause string, progress warehouse.Progress) error {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	l.lastReset = l.clock()
	l.resumed = false
	// Nothing may be sealed, or trimmed, on the strength of what was loaded
	// before, so that is forgotten first.
	l.rebegun(cause)
	if err := l.warehouse.Reset(ctx, progress); err != nil {
		l.failedResets++
		return fmt.Errorf("couldn't make the warehouse anew: %w", err)
	}
	l.failedResets = 0
	return nil
}

// Rebuild makes the warehouse anew from the sealed days, the spool and the
// ledger, and returns when all that was durable at the call is in it again.
// Run must be under way. progress may be nil.
func (l *Loader) Rebuild(ctx context.Context, progress warehouse.Progress) error {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if err := l.paused(ctx, func() error {
		return l.reset(ctx, "the warehouse is made anew", progress)
	}); err != nil {
		return err
	}
	return l.catchUp(ctx, progress)
}

// paused runs fn with the turn, after the round under way was given up.
func (l *Loader) paused(ctx context.Context, fn func() error) error {
	l.mu.Lock()
	l.waiting++
	if l.cancelRound != nil {
		l.cancelRound()
	}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting--
	}()
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	return fn()
}

// CatchUp waits until what is durable now is in the warehouse. Run must be
// under way. When ctx ends before, the error tells what keeps the loader.
func (l *Loader) CatchUp(ctx context.Context) error { return l.catchUp(ctx, nil) }

func (l *Loader) catchUp(ctx context.Context, progress warehouse.Progress) error {
	end := uint64(l.spool.Durable())
	l.mu.Lock()
	want := l.began + 1
	l.mu.Unlock()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		l.mu.Lock()
		complete, news, loaded := l.complete, l.news, uint64(l.state.loaded)
		l.mu.Unlock()
		if progress != nil {
			progress("loading what is not sealed", int64(min(loaded, end)), int64(end))
		}
		if complete >= want {
			return nil
		}
		l.hurry()
		select {
		case <-news:
		case <-tick.C:
		case <-ctx.Done():
			return l.whyNot(ctx.Err())
		}
	}
}

func (l *Loader) hurry() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

// whyNot adds what keeps the loader to an error.
func (l *Loader) whyNot(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.err != nil {
		err = errors.Join(err, l.state.err)
	}
	return fmt.Errorf("reports have not caught up: %w: %w", homing.ErrUnavailable, err)
}
