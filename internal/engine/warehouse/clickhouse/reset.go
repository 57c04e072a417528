package clickhouse

import (
	"context"
	"fmt"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
)

// Reset implements warehouse.Keeper.
//
// Days that are over are sealed, unless they are; then a new epoch begins, in one
// note: from here on rows count that were loaded in it, and those of the sealed
// days, and there are no marks. What does not count is deleted afterwards; if that
// is not managed, it is waste, and the next Reset deletes it.
//
// Batches that others have begun in the epoch before end with an error, see
// settle, or with a mark that nobody looks at.
func (w *Warehouse) Reset(ctx context.Context, progress warehouse.Progress) error {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	if err := w.reset(ctx, progress); err != nil {
		return fmt.Errorf("couldn't begin anew: %w", err)
	}
	return nil
}

func (w *Warehouse) reset(ctx context.Context, progress warehouse.Progress) error {
	if err := w.secure(ctx, progress); err != nil {
		return err
	}
	s, next, err := w.beginEpoch(ctx)
	if err != nil {
		return err
	}
	w.health.begunAnew()
	progress("deleting what is loaded again", 0, 0)
	days := "-1" // a day that never is
	for _, day := range next.Kept {
		days += fmt.Sprintf(", %d", int(day))
	}
	for _, t := range []table{clicks, postbacks, conversions} {
		where := fmt.Sprintf("epoch < %d", next.Number)
		if t.name != conversions.name {
			where += fmt.Sprintf(" AND intDiv(at, %d) NOT IN (%s)", dayMillis, days)
		}
		if err := w.alter(ctx, s, t, "DELETE WHERE "+where); err != nil {
			return err
		}
	}
	return nil
}

// secure has every day that is over sealed.
func (w *Warehouse) secure(ctx context.Context, progress warehouse.Progress) error {
	s, st, err := w.read(ctx)
	if err != nil {
		return err
	}
	today := warehouse.DayAt(homing.MillisOf(w.options.Clock()))
	var open []warehouse.Day
	for _, t := range dayTables {
		days, err := w.days(ctx, s, rawTables[t].name, fmt.Sprintf("at < %d AND %s", today.Start(), st.visible(t)))
		if err != nil {
			return err
		}
		for _, day := range days {
			if !st.seals[day].Stands && !slices.Contains(open, day) {
				open = append(open, day)
			}
		}
	}
	for i, day := range open {
		progress("making sure of the sealed days", int64(i), int64(len(open)))
		if err := w.seal(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// beginEpoch has what is not sealed count no more.
func (w *Warehouse) beginEpoch(ctx context.Context) (*server, epoch, error) {
	if err := w.writing.take(ctx); err != nil {
		return nil, epoch{}, err
	}
	defer w.writing.give()
	s, st, err := w.read(ctx)
	if err != nil {
		return nil, epoch{}, err
	}
	next := epoch{st.epoch.Number + 1, st.sealed()}
	return s, next, w.insertNotes(ctx, s, st.next("epoch", "", next))
}

// Lost implements warehouse.Keeper.
func (w *Warehouse) Lost(ctx context.Context, from, before warehouse.Day) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	err := w.timely(ctx, func(ctx context.Context) error { return w.lose(ctx, from, before) })
	if err != nil {
		return fmt.Errorf("couldn't note which days are lost: %w", err)
	}
	return nil
}

func (w *Warehouse) lose(ctx context.Context, from, before warehouse.Day) error {
	s, st, err := w.read(ctx)
	if err != nil || from >= before {
		return err
	}
	var list []lostDays
	for _, l := range st.lost {
		if l.Table == warehouse.ClickTable {
			list = append(list, lostDays{l.From, l.Before})
		}
	}
	known := len(list)
	kept := st.sealed()
	if len(kept) == 0 {
		list = addLost(list, lostDays{from, before})
	} else {
		for day := max(from, kept[0]); day < before; day++ {
			if !slices.Contains(kept, day) {
				list = addLost(list, lostDays{day, day + 1})
			}
		}
	}
	if len(list) == known {
		return nil
	}
	return w.insertNotes(ctx, s, st.next("lost", "", list))
}

// addLost adds days, unless they are known.
func addLost(list []lostDays, days lostDays) []lostDays {
	within := func(l lostDays) bool { return l.From <= days.From && days.Before <= l.Before }
	if slices.ContainsFunc(list, within) {
		return list
	}
	return append(list, days)
}
