package duckdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// present is what the file that a Reset replaces is known to hold.
type present struct {
	// readable: its days that are over have been sealed, and what else it knows
	// can be taken over.
	readable bool
	rows     map[tableDay]int64 // of days that are over
}

type tableDay struct {
	table string
	day   warehouse.Day
}

// readyPatience is how long a Reset waits for a child that does not come up.
const readyPatience = 20 * time.Second

// secure has every day of the present file that is over in a sound seal, so
// that a Reset loses nothing. A file that cannot be read holds up nothing: what
// is sealed is all there is then.
func (w *Warehouse) secure(ctx context.Context, progress warehouse.Progress) (p present, err error) {
	if w.restoring.Load() || !isFile(w.options.path()) {
		return p, nil
	}
	short, cancel := context.WithTimeout(ctx, readyPatience)
	err = w.child.Ready(short)
	cancel()
	switch {
	case ctx.Err() != nil:
		return p, ctx.Err()
	case err != nil:
		w.log.Warn("the warehouse's file cannot be opened; what of it is not sealed is not taken over", "error", err)
		return p, nil
	}
	if err := os.MkdirAll(w.archive.dir, 0o700); err != nil {
		return p, fmt.Errorf("the archive: %w: %w", homing.ErrUnavailable, err)
	}
	err = w.secureDays(ctx, &p, progress)
	isBroken := errors.Is(err, homing.ErrDamaged) || errors.Is(err, homing.ErrInvalid) || w.restoring.Load()
	// What only a damaged file has is no reason to stay without any reports: it is
	// put aside, not thrown away.
	if isBroken || errors.Is(err, homing.ErrConflict) && w.child.Damage() != "" {
		w.log.Warn("the warehouse's file is damaged; what of it is not sealed is not taken over", "error", err)
		return present{}, nil
	}
	return p, err
}

func (w *Warehouse) secureDays(ctx context.Context, p *present, progress warehouse.Progress) error {
	m, err := w.remember(ctx)
	if err != nil {
		return err
	}
	if p.rows, err = rowsByDay(ctx, w.child, w.today()); err != nil {
		return err
	}
	for at := range p.rows {
		table := warehouse.ClickTable
		if at.table == postbacks.name {
			table = warehouse.PostbackTable
		}
		if at.day < m.holdings[table] && m.holdings[table] != 0 || m.lost.awaits(at.day) {
			delete(p.rows, at) // given up; or not whole yet, and loaded again
		}
	}
	if err := w.countOnce(ctx, p.rows); err != nil {
		return err
	}
	inTotals, err := w.daysOf(ctx, `SELECT DISTINCT quarter // ? FROM totals WHERE kind < 2 ORDER BY 1`)
	if err != nil {
		return err
	}
	hasRows := map[warehouse.Day]bool{}
	for _, day := range inTotals {
		hasRows[day] = false
	}
	for at := range p.rows {
		hasRows[at.day] = true
	}
	days := slices.Sorted(maps.Keys(hasRows))
	p.readable = true
	var beyond []string
	for i, day := range days {
		progress("making sure of the sealed days", int64(i), int64(len(days)))
		if day >= w.today() || m.lost.awaits(day) || w.isSound(day, p, m.sealed[day]) {
			continue
		}
		if hasRows[day] {
			err := w.seal(ctx, day)
			switch {
			case errors.Is(err, homing.ErrDamaged):
				w.log.Error("a day cannot be read in the warehouse's file and is not taken over", "day", day, "error", err)
				p.readable = false // as a whole; other days are
				if err := w.child.Ready(ctx); err != nil {
					return err
				}
				continue
			case err != nil && (ctx.Err() != nil || errors.Is(err, homing.ErrUnavailable)):
				return fmt.Errorf("couldn't seal %s: %w", day, err)
			case err != nil:
				return fmt.Errorf("couldn't seal %s, which would be lost: %s: %w", day, err, homing.ErrConflict)
			}
		}
		if state, isLoss := m.lost.of(warehouse.ClickTable, day); !w.hasTotals(day) && !(isLoss && state == lost) {
			beyond = append(beyond, day.String())
		}
	}
	if len(beyond) > 0 {
		return fmt.Errorf("totals of days whose rows were given up are in the present file only, and would be lost, because their seals are damaged or gone: %s: %w",
			strings.Join(beyond, ", "), homing.ErrConflict)
	}
	return nil
}

func (w *Warehouse) today() warehouse.Day {
	return warehouse.DayAt(homing.MillisOf(w.options.Clock()))
}

// isSound tells whether a day's seal has all the rows that the present file has,
// and can be read.
func (w *Warehouse) isSound(day warehouse.Day, p *present, stands bool) bool {
	m := w.archive.find(day)
	if m == nil || m.hasRows() && !stands {
		return false
	}
	for _, t := range []table{clicks, postbacks} {
		if m.Files[t.name].Rows < p.rows[tableDay{t.name, day}] {
			return false
		}
	}
	for _, f := range m.Files {
		if err := w.archive.check(f); err != nil {
			w.archive.complain(f.Name, err)
			return false
		}
	}
	return w.hasTotals(day)
}

func (w *Warehouse) hasTotals(day warehouse.Day) bool {
	m := w.archive.find(day)
	if m == nil {
		return false
	}
	f, ok := m.Files[totals.name]
	return ok && w.archive.check(f) == nil
}

// daysOf lists the days that a statement finds.
func (w *Warehouse) daysOf(ctx context.Context, sql string) (days []warehouse.Day, err error) {
	err = each(ctx, w.child, func(r *process.Rows) { days = append(days, warehouse.Day(r.Int(0))) }, sql, int64(dayMillis))
	return days, err
}

// rowsByDay counts the rows of days before one.
func rowsByDay(ctx context.Context, p *process.Process, before warehouse.Day) (map[tableDay]int64, error) {
	rows := map[tableDay]int64{}
	for _, t := range []table{clicks, postbacks} {
		err := each(ctx, p, func(r *process.Rows) { rows[tableDay{t.name, warehouse.Day(r.Int(0))}] = r.Int(1) },
			`SELECT "at" // ?, count(*) FROM `+t.name+` WHERE "at" < ? GROUP BY 1`, int64(dayMillis), int64(before.Start()))
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// countOnce counts rows that are stored twice once, on days of which more is
// stored than sealed: a good seal is not to be written over with them.
func (w *Warehouse) countOnce(ctx context.Context, rows map[tableDay]int64) error {
	for at, n := range rows {
		m := w.archive.find(at.day)
		if m == nil || n <= m.Files[at.table].Rows {
			continue
		}
		once, err := number(ctx, w.child, fmt.Sprintf(`SELECT count(*) FROM (SELECT DISTINCT %s FROM %s WHERE "at" >= %d AND "at" < %d)`,
			rowKeys[at.table], at.table, at.day.Start(), (at.day+1).Start()))
		switch {
		case errors.Is(err, homing.ErrOverloaded): // more than its memory and its scratch take
		case err != nil:
			return err
		default:
			rows[at] = once
		}
	}
	return nil
}

// rowKeys tell rows of a table apart, which is also the order they are stored in.
var rowKeys = map[string]string{clicks.name: `"at", node, seq`, postbacks.name: `"at", number`}

// compare refuses a new file that has less of a day than the present one.
func (p *present) compare(ctx context.Context, builder *process.Process, today warehouse.Day) error {
	if !p.readable {
		return nil
	}
	rows, err := rowsByDay(ctx, builder, today)
	if err != nil {
		return err
	}
	var less []string
	for at, n := range p.rows {
		if rows[at] < n {
			less = append(less, fmt.Sprintf("%s of %s (%d of %d)", at.table, at.day, rows[at], n))
		}
	}
	if len(less) > 0 {
		slices.Sort(less)
		return fmt.Errorf("the new warehouse has less than the present one: %s: %w", strings.Join(less, ", "), homing.ErrConflict)
	}
	return nil
}

// takeOver brings what no seal tells from the present file: which rows were
// given up, and which are lost.
func (w *Warehouse) takeOver(ctx context.Context, builder *process.Process) error {
	m, err := w.remember(ctx)
	if err != nil {
		return err
	}
	steps := []process.Step{missingStep(known, warehouse.Ever, w.today(), lost)}
	for t, before := range m.holdings {
		if before != 0 {
			steps = append(steps, process.Step{SQL: `INSERT INTO dropped SELECT ?, ?::BIGINT`, Args: []any{rawTables[t].name, int64(before)}})
		}
	}
	for _, l := range m.lost.list {
		if l.state != awaited {
			steps = append(steps, missingStep(rawTables[l.table].name, l.from, l.before, l.state))
		}
	}
	_, err = builder.Write(ctx, steps...)
	return err
}

// isFile tells whether there is a file that can be opened, whatever is in it.
func isFile(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}
