package clickhouse

import (
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
)

// contest settles who was first where several loaders had a click of the same new
// visitor in the same moment: each looked, found nobody, and wrote its own down as the
// first. The earliest click is it, and all others are not, whoever loaded them.
//
// A loader looks at the visitors who were new once more, when its clicks are written
// and their mark is not. Of two, A and B:
//
//   - If B's first click was written down before A's second look, A finds it, and puts
//     right whichever of the two is not the first, if it is there. If B's click is not
//     there yet, B has its second look before it, and A was written down before.
//   - If it was written down behind A's second look, A's click is there already, and B
//     finds it in its own.
//
// So the last one to look puts right what is left, before its own mark: no report ever
// counts both. If the first of the two is the one that is loaded last, a report counts
// neither for the tenths of a second between that and its mark. Who crashes in between
// loads its batch again, and finds both written down.
//
// It rests on reading what others have written: with more replicas than a quorum, one
// that lags may not have it yet, and then both count.
//
// The rejected idea: to have visitors decided by whoever holds them in memory, which
// would be one process for all edges; or by a transaction of the ledger, which a click
// must not wait for.
func (l *loading) contest(ctx context.Context, firsts *uniques) error {
	losers := firsts.losers()
	var again uniques
	if err := again.askFor(ctx, l.w, l.server, firsts.news); err != nil {
		return err
	}
	losers = append(losers, again.losers()...)
	slices.SortFunc(losers, compareOrigins)
	losers = slices.Compact(losers)
	for some := range slices.Chunk(losers, lookupClicks) {
		if err := l.unmark(ctx, some); err != nil {
			return fmt.Errorf("couldn't settle which click was a visitor's first: %w", err)
		}
	}
	return nil
}

// losers are those who were written down as first and are not.
func (u *uniques) losers() (list []homing.Origin) {
	for _, known := range u.first {
		if len(known) < 2 {
			continue
		}
		winner := slices.MinFunc(known, compareOrigins)
		for _, o := range known {
			if o != winner {
				list = append(list, o)
			}
		}
	}
	return list
}

// unmark writes clicks once more as not unique, as far as they are there: with the
// same key, epoch and position, so that the later row stands and is seen by whoever
// saw the other. What was erased meanwhile is blanked; whoever erases has this batch
// loaded again, see settle, which writes it another time.
func (l *loading) unmark(ctx context.Context, clicksOf []homing.Origin) error {
	var found newest
	err := l.w.each(ctx, l.server, found.take, fmt.Sprintf("SELECT %s FROM clicks WHERE %s", versionColumns, isOneOf(clicksOf)))
	if err != nil {
		return err
	}
	sheet := clicks.block()
	for _, o := range clicksOf {
		v, ok := found.of[o]
		if !ok {
			continue
		}
		level := l.state.erased.level(o, v.row.Account)
		if !v.row.Unique && level == whole {
			continue
		}
		blankClick(&v.row, level)
		writeClick(sheet, v.birth, &v.row, false)
		l.days[warehouse.DayAt(o.Time)] = true
	}
	return l.w.insert(ctx, l.server, clicks, sheet)
}
