package postbacks

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
)

// gathered are rows, newest first, from the warehouse and, where it has not come
// yet, from memory.
type gathered struct {
	Rows []line
	// Older is where older ones begin, see filters.before; 0 = there are none.
	Older homing.Millis
	// Away: the warehouse did not answer; these are those in memory, of about a day.
	Away bool
	// Looked is how many rows were looked at, if the look ended before the range did.
	Looked int
	Notes  []string
}

const (
	// behind is how far behind the moment up to which everything is loaded a row
	// may stand and still not be.
	behind homing.Millis = 120_000
	// spare rows are asked for besides, so that a page can end between two
	// milliseconds.
	spare = 24
	// lookAtMost bounds how many rows one page looks at for those that fit closely:
	// lookAtFirst, which is enough for what is common, then four times as many each
	// time, because every question costs what some thousand rows do.
	lookAtMost  = 20_000
	lookAtFirst = 1000
	// inMemory is how far back memory goes.
	inMemory homing.Millis = 24 * 60 * 60 * 1000
)

// gather finds the newest rows that fit, older than before, up to a number.
func (f *filters) gather(v *page.Visit, most int) (*gathered, error) {
	g, t := &gathered{}, f.table(v)
	until := f.list.Until
	if f.before > 0 {
		until = min(until, f.before)
	}
	floor, err := f.fromWarehouse(v, g, t, until, most)
	if err != nil {
		return nil, err
	}
	f.fromMemory(v, g, t, max(floor, f.list.From), until, most)
	slices.SortStableFunc(g.Rows, func(a, b line) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.Request, a.Request)) })
	g.cut(most, floor)
	return g, nil
}

// cut leaves a page of rows that ends between two milliseconds: the next page
// begins by time.
func (g *gathered) cut(most int, floor homing.Millis) {
	if len(g.Rows) <= most {
		if floor > 0 { // the next page has all of that millisecond
			g.Older = floor + 1
			g.Rows = slices.DeleteFunc(g.Rows, func(l line) bool { return l.At <= floor })
		}
		return
	}
	end := most
	for end > 0 && g.Rows[end-1].At == g.Rows[end].At {
		end--
	}
	if end == 0 { // all of one millisecond: some are passed over
		end = most
		g.Older = g.Rows[end].At
	} else {
		g.Older = g.Rows[end].At + 1
	}
	g.Rows = g.Rows[:end]
	g.Looked = 0
}

// fromWarehouse reads what has been loaded. floor is the time of the last row
// looked at if there are more behind it: rows of that moment may be missing.
func (f *filters) fromWarehouse(v *page.Visit, g *gathered, t table, until homing.Millis, most int) (floor homing.Millis, err error) {
	if until <= f.list.From || v.Reports == nil {
		return 0, nil
	}
	atOnce := most + spare
	if f.slow() {
		atOnce = lookAtFirst
	}
	looked, cursor := 0, ""
	for {
		q, err := f.question(v, until, atOnce, cursor)
		if err != nil {
			return 0, err
		}
		rows, err := v.Reports.Postbacks(v.R.Context(), f.scope, q)
		if page.Away(err) {
			g.Away = true
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("couldn't list the postback log: %w", err)
		}
		if cursor == "" {
			g.Notes = rows.Notes
		}
		for i := range rows.Rows {
			if p := &rows.Rows[i]; f.row(p) {
				g.Rows = append(g.Rows, t.ofReport(p))
			}
		}
		looked += len(rows.Rows)
		if rows.Next == "" {
			return 0, nil
		}
		floor, cursor = rows.Rows[len(rows.Rows)-1].Time(), rows.Next
		if !f.slow() || len(g.Rows) > most {
			return floor, nil
		}
		if looked >= lookAtMost {
			g.Looked = looked
			return floor, nil
		}
		atOnce = min(4*atOnce, lookAtMost-looked)
	}
}

// question is the list's, up to a moment, behind a cursor.
func (f *filters) question(v *page.Visit, until homing.Millis, limit int, cursor string) (*report.ListQuestion, error) {
	if cursor == "" {
		q := *f.list
		q.Until, q.Limit = until, limit
		return &q, nil
	}
	values := url.Values{"cursor": {cursor}}
	for name, given := range f.asked {
		values[name] = given
	}
	q, err := report.ParseList(warehouse.PostbackTable, values, report.Defaults{Now: v.Now, Zone: v.Local()})
	if err == nil {
		q.Limit = limit
	}
	return q, err
}

// fromMemory adds what the warehouse does not have yet.
func (f *filters) fromMemory(v *page.Visit, g *gathered, t table, since, until homing.Millis, most int) {
	switch {
	case g.Away || v.Reports == nil:
		since = max(since, v.Now-inMemory)
	default:
		since = max(since, v.Reports.Fresh()-behind)
	}
	there := make(map[same]bool, len(g.Rows))
	for i := range g.Rows {
		there[g.Rows[i].same()] = true
	}
	recent := v.Journal.Recent(journal.Filter{Account: cmp.Or(f.scope.Account, f.account), Since: max(1, since), Until: until, Also: f.entry}, most+len(g.Rows)+1)
	for i := range recent {
		row := t.ofEntry(v, &recent[i])
		if a := v.View.Account(row.Account); a != nil && a.Erased && row.Verdict.Outcome != homing.Ignored || there[row.same()] {
			continue
		}
		g.Rows = append(g.Rows, row)
	}
}
