package amend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

const (
	// atOnce is how many changes are asked for at a time: the ledger commits
	// together what waits together.
	atOnce = 128
	// A ledger that is overloaded has taken nothing on, so it is asked again.
	tries = 5
	pause = 100 * time.Millisecond
)

// CarryOut changes the lines of a plan that are ready and tells what became of
// each, in a list of its own. done is told, from any goroutine, how many are
// through; nil = nobody asks. A change that could not be stored, or the end of
// ctx, ends it: what follows is Failed and was not tried.
func (a *Amender) CarryOut(ctx context.Context, t Task, plan []Line, done func(lines int)) []Line {
	lines := slices.Clone(plan)
	var through, next atomic.Int64
	var stopped atomic.Pointer[string] // why nothing more is tried
	var work sync.WaitGroup
	for range min(atOnce, len(lines)) {
		work.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(lines) {
					return
				}
				if lines[i].Result == Ready {
					a.carryOut(ctx, &t, &lines[i], &stopped)
				}
				if n := through.Add(1); done != nil {
					done(int(n))
				}
			}
		})
	}
	work.Wait()
	return lines
}

const (
	unstored    = "Not tried: a change before it could not be stored."
	interrupted = "Not tried: the work was interrupted."
)

func (a *Amender) carryOut(ctx context.Context, t *Task, l *Line, stopped *atomic.Pointer[string]) {
	if why := stopped.Load(); why != nil {
		l.Result, l.Problem = Failed, *why
		return
	}
	err := a.amend(ctx, ledger.Amendment{
		Conversion: l.Found.ID, From: l.Found.Status, To: l.To, At: homing.MillisOf(a.Clock()), Actor: t.Actor, Reason: l.Reason,
	})
	switch {
	case err == nil:
		l.Result, l.Problem = Changed, ""
	case errors.Is(err, homing.ErrConflict):
		l.Result, l.Problem = Overtaken, a.meanwhile(ctx, l.Found.ID)
	case errors.Is(err, homing.ErrNotFound):
		l.Result, l.Problem = Refused, "The conversion is not there any more."
	case errors.Is(err, homing.ErrInvalid):
		l.Result, l.Problem = Refused, fmt.Sprintf("A conversion cannot go from %s to %s.", l.Found.Status, l.To)
	default:
		why := unstored
		if ctx.Err() != nil {
			why = interrupted
		}
		stopped.CompareAndSwap(nil, &why)
		l.Result, l.Problem = Failed, "It could not be stored. Look before you repeat it: it may be found changed."
	}
}

// amend asks the ledger, again while it is overloaded.
func (a *Amender) amend(ctx context.Context, change ledger.Amendment) error {
	for try := 1; ; try++ {
		err := a.Decider.Amend(ctx, change)
		if !errors.Is(err, homing.ErrOverloaded) || try == tries {
			return err
		}
		wait := time.NewTimer(time.Duration(try) * pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
	}
}

// meanwhile tells where a conversion stands that somebody else changed.
func (a *Amender) meanwhile(ctx context.Context, id homing.ConversionID) string {
	found, err := a.byNumber(ctx, []homing.ConversionID{id})
	if c, ok := found[id]; err == nil && ok {
		return fmt.Sprintf("Somebody else made it %s in the meantime; it was left alone.", c.Status)
	}
	return "Somebody else changed it in the meantime; it was left alone."
}
