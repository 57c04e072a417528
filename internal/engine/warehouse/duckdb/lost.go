package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/statement"
)

// What is lost is written down in the table missing: stretches of days of which
// rows of a table cannot be had any more.
//
//	seal damaged ──► awaited ──► Lost: the sources do not have the day ──► lost
//	                        └──► Lost: they have it, or Seal ──► whole again
//
// While a day is awaited its totals are worked out from the rows there are. When
// it is lost, the totals that were sealed take their place if they can be read.

// The states of a loss.
const (
	awaited    = iota // the sources may bring the rows once more
	lost              // they cannot, and totals have no more than the rows
	lostInRows        // they cannot, but totals have them all
)

// known marks a row of missing that is no loss: days before it are whole, but
// for those that are listed. A Reset of a file that could be read says so.
const known = "known"

// losses are what memory has of the table missing. They never change.
type losses struct {
	list  []loss
	known warehouse.Day // Ever if nothing is
	gaps  []statement.Lost
}

type loss struct {
	table        warehouse.Table
	from, before warehouse.Day
	state        int64
}

func readLosses(ctx context.Context, p *process.Process) (losses, error) {
	l := losses{known: warehouse.Ever}
	err := each(ctx, p, func(r *process.Rows) {
		from, before, state := warehouse.Day(r.Int(1)), warehouse.Day(r.Int(2)), r.Int(3)
		if r.Text(0) == known {
			l.known = max(l.known, before)
			return
		}
		for t := range rawTables {
			if rawTables[t].name == r.Text(0) {
				l.add(loss{warehouse.Table(t), from, before, state})
			}
		}
	}, `SELECT DISTINCT name, first, before, state FROM missing ORDER BY name, first, before`)
	return l, err
}

// add joins days that follow each other.
func (l *losses) add(next loss) {
	l.list = append(l.list, next)
	gap := statement.Lost{Table: next.table, From: next.from, Before: next.before, Totals: next.state == lostInRows}
	if n := len(l.gaps); n > 0 {
		last := &l.gaps[n-1]
		if last.Table == gap.Table && last.Totals == gap.Totals && last.Before == gap.From {
			last.Before = gap.Before
			return
		}
	}
	l.gaps = append(l.gaps, gap)
}

// of is how a table's rows of a day are, false if nothing is wrong with them.
func (l *losses) of(t warehouse.Table, day warehouse.Day) (state int64, isLoss bool) {
	for _, row := range l.list {
		if row.table == t && row.from <= day && day < row.before {
			return row.state, true
		}
	}
	return 0, false
}

func (l *losses) awaits(day warehouse.Day) bool {
	return slices.ContainsFunc(l.list, func(row loss) bool { return row.from == day && row.state == awaited })
}

// text tells operators which days are lost, but for those that have been given
// up meanwhile.
func (l *losses) text(h statement.Holdings) string {
	var all []string
	for _, g := range l.gaps {
		state, _ := l.of(g.Table, g.From)
		if state == awaited || h[g.Table] != 0 && g.Before <= h[g.Table] {
			continue
		}
		days := "of " + g.From.String()
		switch {
		case g.From == warehouse.Ever:
			days = "before " + g.Before.String()
		case g.Before > g.From+1:
			days = fmt.Sprintf("from %s to %s", g.From, g.Before-1)
		}
		all = append(all, fmt.Sprintf("%s %s", g.Table, days))
	}
	if len(all) == 0 {
		return ""
	}
	return "Rows are lost: " + strings.Join(all, ", ") + "."
}

func missingStep(name string, from, before warehouse.Day, state int64) process.Step {
	return process.Step{SQL: `INSERT INTO missing SELECT ?, ?::BIGINT, ?::BIGINT, ?::BIGINT`,
		Args: []any{name, int64(from), int64(before), state}}
}

// addMissing brings up to date the file of a program that knew no losses.
func addMissing(ctx context.Context, p *process.Process) error {
	count, err := number(ctx, p, `SELECT count(*) FROM duckdb_tables() WHERE table_name = 'missing'`)
	if err != nil || count > 0 {
		return err
	}
	_, err = p.Write(ctx, process.Step{SQL: missing.create()})
	return err
}

// Lost implements warehouse.Keeper.
func (w *Warehouse) Lost(ctx context.Context, from, before warehouse.Day) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	if err := w.writing.take(ctx); err != nil {
		return err
	}
	defer w.writing.give()
	m, err := w.rememberNow(ctx)
	if err != nil {
		return err
	}
	l := &losing{w: w, memory: m, from: from, before: before}
	l.awaited()
	l.unheardOf()
	if len(l.steps) == 0 {
		return nil
	}
	w.forget()
	if _, err := w.child.Write(ctx, l.steps...); err != nil {
		return fmt.Errorf("couldn't note which days are lost: %w", err)
	}
	if m, err = w.rememberNow(ctx); err == nil && m.lost.text(m.holdings) != "" {
		w.log.Error(m.lost.text(m.holdings))
	}
	return err
}

// losing is one call of Lost.
type losing struct {
	w            *Warehouse
	memory       *memory
	from, before warehouse.Day
	steps        []process.Step
}

// awaited settles the days that were awaited.
func (l *losing) awaited() {
	states := map[warehouse.Day]int64{}
	for _, row := range l.memory.lost.list {
		if row.state != awaited || row.from < l.from {
			continue
		}
		name, day := rawTables[row.table].name, row.from
		l.steps = append(l.steps, process.Step{SQL: `DELETE FROM missing WHERE name = ? AND first = ? AND state = ?`,
			Args: []any{name, int64(day), int64(awaited)}})
		if day >= l.before {
			continue // whole again
		}
		if _, ok := states[day]; !ok {
			states[day] = l.restoreTotals(day)
		}
		l.steps = append(l.steps, missingStep(name, day, row.before, states[day]))
	}
}

// restoreTotals has a day's sealed totals take the place of those that were
// worked out from the rows there are.
func (l *losing) restoreTotals(day warehouse.Day) (state int64) {
	m := l.w.archive.find(day)
	if m == nil {
		return lost
	}
	f, ok := m.Files[totals.name]
	if !ok || l.w.archive.check(f) != nil {
		return lost
	}
	stored := erasedTotals("SELECT * FROM read_parquet("+literal(l.w.archive.path(f.Name))+")", &l.memory.erased)
	sums := []string{"clicks", "uniques", "bots", "cost", "postbacks", "duplicates", "refusals"}
	less := make([]string, len(sums))
	for i, s := range sums {
		less[i] = "-" + s + " AS " + s
	}
	l.steps = append(l.steps,
		process.Step{SQL: `CREATE OR REPLACE TEMP TABLE instead AS SELECT * FROM (` + stored + `)
			UNION ALL SELECT ` + totalKeysSQL + `, ` + strings.Join(less, ", ") + ` FROM (` + dayTotals(day) + `)`},
		process.Step{SQL: `INSERT INTO instead SELECT * FROM totals WHERE quarter IN (SELECT quarter FROM instead)`},
		process.Step{SQL: `DELETE FROM totals WHERE quarter IN (SELECT quarter FROM instead)`},
		process.Step{SQL: `INSERT INTO totals SELECT ` + totalKeysSQL + `, ` + totalSumsSQL + ` FROM instead GROUP BY ` + totalKeysSQL +
			` HAVING greatest(` + "abs(sum(" + strings.Join(sums, ")), abs(sum(") + `))) > 0 ORDER BY quarter, kind, campaign`},
		process.Step{SQL: `DROP TABLE instead`})
	return lostInRows
}

// unheardOf notes the days that came neither from a seal nor from the file that
// a Reset put aside. The loader seals every day, also empty ones, so that a day
// behind the first one that has no seal had one.
func (l *losing) unheardOf() {
	from := l.from
	if from == warehouse.Ever {
		first := l.memory.lost.known
		if days := l.w.archive.days(); first == warehouse.Ever && len(days) > 0 {
			first = days[0]
		}
		if first == warehouse.Ever {
			if from < l.before {
				l.note(from, l.before)
			}
			return
		}
		from = first
	}
	for day := from; day < l.before; day++ {
		if _, ok := l.memory.sealed[day]; ok || l.isTotals(day) {
			continue
		}
		until := day + 1
		for _, ok := l.memory.sealed[until]; !ok && !l.isTotals(until) && until < l.before; _, ok = l.memory.sealed[until] {
			until++
		}
		l.note(day, until)
		day = until
	}
}

// isTotals tells whether only totals of the day have been kept.
func (l *losing) isTotals(day warehouse.Day) bool {
	m := l.w.archive.find(day)
	return m != nil && !m.hasRows()
}

func (l *losing) note(from, before warehouse.Day) {
	for t, raw := range rawTables[:warehouse.ConversionTable] {
		same := func(old loss) bool {
			return old.table == warehouse.Table(t) && old.from <= from && before <= old.before && old.state != awaited
		}
		if !slices.ContainsFunc(l.memory.lost.list, same) {
			l.steps = append(l.steps,
				process.Step{SQL: `DELETE FROM missing WHERE name = ? AND first >= ? AND before <= ?`, Args: []any{raw.name, int64(from), int64(before)}},
				missingStep(raw.name, from, before, lost))
		}
	}
}
