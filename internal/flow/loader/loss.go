package loader

import (
	"context"
	"fmt"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// A mark below the spool's first record is right after the warehouse has begun
// anew: what was trimmed is in the seals. If seals are gone, too, days are lost,
// and only the warehouse knows which have come from a seal. So it is told which
// days the spool cannot give again, once all that it can has been loaded; until
// then this lies in the loader's state.

// span are the days from one up to another.
type span struct {
	From   warehouse.Day `json:"from"`
	Before warehouse.Day `json:"before"`
}

// disorder is how far records of the spool lie out of the order of their times.
const disorder homing.Millis = 10 * 60 * 1000

// lookForLoss notes the days that cannot be loaded from a mark on.
func (l *Loader) lookForLoss(ctx context.Context, mark spool.Position, s *spoolState) error {
	oldest := l.spool.Oldest()
	switch {
	case mark == 0 && oldest == 0:
		s.Lost = &span{warehouse.Ever, warehouse.Ever} // the spool has everything
	case mark == 0:
		s.Lost = &span{warehouse.Ever, l.firstWhole(ctx, oldest)}
	case mark < oldest:
		s.Lost = &span{warehouse.DayAt(s.Through), l.firstWhole(ctx, oldest)}
	}
	return ctx.Err()
}

// firstWhole is the first day of which the spool has given up nothing: its first
// record is older, and so is everything that trim has ever given up.
func (l *Loader) firstWhole(ctx context.Context, oldest spool.Position) warehouse.Day {
	at := l.now() - spoolKeeps
	for rec, err := range l.spool.Scan(ctx, spool.Query{From: oldest}) {
		if err == nil {
			at = min(at, rec.At)
		}
		break
	}
	return warehouse.DayAt(at+disorder) + 1
}

// tellLoss tells the warehouse what cannot be loaded, when all else has been.
// Should the state with it be written once more, it is told again, which changes
// nothing.
func (l *Loader) tellLoss(ctx context.Context) error {
	lost := l.reader.lost
	if lost == nil {
		return nil
	}
	if err := l.warehouse.Lost(ctx, lost.From, lost.Before); err != nil {
		return fmt.Errorf("couldn't tell which days are lost: %w", err)
	}
	l.reader.lost = nil
	return nil
}

// notSealed tells whether records from the mark up to a position are in no seal
// that the reader knows of.
func (r *reader) notSealed(oldest spool.Position) bool {
	for _, t := range r.sealed {
		if t.Spool >= uint64(oldest) {
			return false
		}
	}
	return true
}
