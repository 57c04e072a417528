package duckdb

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// loading is one batch on its way in.
type loading struct {
	w      *Warehouse
	memory *memory
	batch  *warehouse.Batch
	sheets *sheets
	lookup *lookup

	again    again
	replaced []homing.ConversionID  // whose rows are replaced
	newest   homing.ConversionID    // of the batch
	unknown  int64                  // change of the number of unknown conversions
	days     map[warehouse.Day]bool // that a seal would have kept rows of
	day      warehouse.Day          // the newest with a visitor
	through  *warehouse.Click       // the last click of a whole block, nil if there is none
	loose    int                    // clicks behind it
}

// build makes the batch's columns.
func (l *loading) build(ctx context.Context) error {
	l.sheets.clear()
	l.days, l.day, l.newest = map[warehouse.Day]bool{}, l.memory.day, l.memory.newest
	arrived := l.memory.erased.clicks(l.batch.Clicks)
	l.lookup = newLookup(arrived, l.sheets.order)
	l.sheets.order = l.lookup.order
	if err := l.again.ask(ctx, l.w.child, l.memory.sealed, arrived, l.batch.Postbacks); err != nil {
		return err
	}
	versions, err := l.versions(ctx)
	if err != nil {
		return err
	}
	l.want(versions)
	if err := l.lookup.ask(ctx, l.w.child); err != nil {
		return err
	}
	// The child looks for the visitors while the columns are made, as those do not
	// depend on them but for one.
	built := l.clicks()
	err = l.sheets.uniques.prepare(ctx, l.w.child, arrived)
	if err == nil {
		l.findUnique()
	}
	built()
	if err != nil {
		return err
	}
	counted := l.count()
	l.markUnique()
	l.postbacks()
	l.conversions(versions)
	counted()
	for _, p := range l.sheets.partials {
		p.fill(l.sheets.totals)
	}
	return nil
}

// want tells the lookup which clicks are needed.
func (l *loading) want(versions []warehouse.Conversion) {
	for i := range l.batch.Postbacks {
		if p := &l.batch.Postbacks[i]; genuine(p) {
			l.lookup.want(p.Origin)
		}
	}
	for i := range versions {
		if c := &versions[i]; !c.Known {
			l.lookup.want(c.Click)
		}
	}
}

// kept tells whether rows of a table are kept as such at a moment. Those of
// days that were given up are counted in totals only, if they are loaded again.
func (l *loading) kept(t warehouse.Table, at homing.Millis) bool {
	return warehouse.DayAt(at) >= l.memory.holdings[t] || l.memory.holdings[t] == 0
}

// counted tells whether a row is of a day that was given up after it was
// sealed: then it is in the totals, and has come once more.
func (l *loading) counted(t warehouse.Table, at homing.Millis) bool {
	return !l.kept(t, at) && l.w.archive.find(warehouse.DayAt(at)) != nil
}

// find gives the facets of a postback's click, nil if there are none.
func (l *loading) find(p *warehouse.Postback) *warehouse.Facets {
	if !genuine(p) || !l.kept(warehouse.ClickTable, p.Origin.Time) {
		return nil
	}
	return l.lookup.find(p.Origin)
}

// clicks begins to make the columns of those that are stored, a block on each of
// some goroutines, all but which are unique. The function it returns waits for
// them.
func (l *loading) clicks() (wait func()) {
	s := l.sheets
	s.stored = s.stored[:0]
	for _, i := range l.lookup.order {
		c := &l.lookup.clicks[i]
		if !l.passed(c) && l.kept(warehouse.ClickTable, c.Time) {
			s.stored = append(s.stored, i)
			l.days[warehouse.DayAt(c.Time)] = true
		}
	}
	l.through, l.loose = inBlocks(s.stored, l.lookup.clicks)
	var building sync.WaitGroup
	for block := range slices.Chunk(s.stored, blockRows) {
		sheet := s.block()
		building.Go(func() {
			for _, i := range block {
				sheet.click(&l.lookup.clicks[i], false)
			}
		})
	}
	return building.Wait
}

// passed tells whether a click is passed over, as it was counted before.
func (l *loading) passed(c *warehouse.Click) bool {
	return l.again.clicks[c.Origin] || l.counted(warehouse.ClickTable, c.Time)
}

// findUnique finds, in the order of their times, which click of each visitor is
// the first.
func (l *loading) findUnique() {
	s := l.sheets
	s.unique = slices.Grow(s.unique[:0], len(l.lookup.clicks))[:len(l.lookup.clicks)]
	for _, i := range l.lookup.order {
		c := &l.lookup.clicks[i]
		if s.unique[i] = !l.passed(c) && s.uniques.first(c); s.unique[i] {
			s.visitors.int(int64(warehouse.DayAt(c.Time)), visitorKey(c))
			l.day = max(l.day, warehouse.DayAt(c.Time))
		}
	}
}

// count begins to sum the clicks up. Each goroutine has a stretch of time, so
// that they have no more than a quarter in common. The function it returns waits
// for them.
func (l *loading) count() (wait func()) {
	order := l.lookup.order
	var counting sync.WaitGroup
	for n, p := range l.sheets.partials[1:] {
		part := order[n*len(order)/counters : (n+1)*len(order)/counters]
		counting.Go(func() {
			for _, i := range part {
				if c := &l.lookup.clicks[i]; !l.passed(c) {
					p.click(c, l.sheets.unique[i])
				}
			}
		})
	}
	return counting.Wait
}

// markUnique enters in the columns which clicks are unique.
func (l *loading) markUnique() {
	s := l.sheets
	for n, i := range s.stored {
		if s.unique[i] {
			s.clicks[n/blockRows].columns[uniqueColumn].Ints[n%blockRows] = 1
		}
	}
}

// uniqueColumn is the place of uniq among the columns of clicks.
var uniqueColumn = slices.Index(clicks.names(), "uniq")

func (l *loading) postbacks() {
	var none warehouse.Facets
	batch := l.memory.erased.postbacks(l.batch.Postbacks)
	for i := range batch {
		p := &batch[i]
		if l.again.postbacks[placeOf(p)] || l.counted(warehouse.PostbackTable, p.At) {
			continue
		}
		facets, known := &none, false
		if found := l.find(p); found != nil {
			facets, known = l.memory.erased.facets(found, p.Origin, p.Account), true
		}
		l.sheets.partials[0].postback(p, facets)
		if l.kept(warehouse.PostbackTable, p.At) {
			l.sheets.postbacks.postback(p, known, facets)
			l.days[warehouse.DayAt(p.At)] = true
		}
	}
}

func (l *loading) conversions(versions []warehouse.Conversion) {
	for i := range versions {
		c := &versions[i]
		if !c.Known {
			if facets := l.lookup.find(c.Click); facets != nil && l.kept(warehouse.ClickTable, c.Click.Time) {
				c.Known, c.Facets = true, *facets
			}
		}
		c.Facets = *l.memory.erased.facets(&c.Facets, c.Click, c.Account)
		if !l.kept(warehouse.ConversionTable, c.At) {
			continue
		}
		if !c.Known {
			l.unknown++
		}
		l.sheets.conversions.conversion(c)
	}
}

// steps are the transaction.
func (l *loading) steps(mark warehouse.Mark) []process.Step {
	s := l.sheets
	steps := []process.Step{moveMark(l.batch, mark)}
	for some := range slices.Chunk(l.replaced, lookupTimes) {
		steps = append(steps, process.Step{SQL: `DELETE FROM conversions WHERE id IN ` + inList(some)})
	}
	for day := range l.days {
		if l.memory.sealed[day] {
			steps = append(steps, process.Step{SQL: `UPDATE sealed SET stands = 0 WHERE day = ?`, Args: []any{int64(day)}})
		}
	}
	// A clock ahead of ours must not make us forget the visitors of today.
	if oldest := min(l.day, warehouse.DayAt(homing.MillisOf(l.w.options.Clock()))); oldest > l.memory.day {
		steps = append(steps, process.Step{SQL: `DELETE FROM visitors WHERE day < ` + strconv.Itoa(int(oldest)-keptDays)})
	}
	if l.through != nil {
		steps = append(steps, settleThrough(l.through))
	}
	return append(steps, s.steps()...)
}

// note has the memory follow what was committed.
func (l *loading) note() {
	m := l.memory
	for day := range l.days {
		if m.sealed[day] {
			m.sealed[day] = false
		}
	}
	m.newest, m.day = l.newest, l.day
	m.unknown += l.unknown
	m.merging.note(l.sheets.partials[:]...)
	l.w.settler.note(l.loose, l.through != nil)
}
