package warehousetest

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// fact is one row as a query sees it.
type fact struct {
	table   warehouse.Table
	at      homing.Millis // by the query's basis
	keys    func(warehouse.Dimension) warehouse.Key
	adds    map[warehouse.Measure]int64 // measures that the row counts to
	took    int64                       // from click to conversion, of the latter
	test    bool
	givenUp bool
}

// group is what becomes of facts.
type group struct {
	keys []warehouse.Key
	sums [warehouse.MeasureCount]int64
	took []int64
}

// Ask implements warehouse.Source.
func (m *Model) Ask(ctx context.Context, q *warehouse.Query) (*warehouse.Answer, error) {
	if q.Limit > warehouse.MaxRows {
		return nil, homing.ErrInvalid
	}
	groups, total, gaps, err := m.groups(ctx, q)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = warehouse.MaxRows
	}
	a := &warehouse.Answer{Gaps: gaps, More: len(groups) > limit, Rows: groups[:min(limit, len(groups))]}
	if q.Total {
		a.Total = total
	}
	return a, nil
}

// Stream implements warehouse.Source.
func (m *Model) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	return func(yield func(warehouse.Row, error) bool) {
		groups, _, _, err := m.groups(ctx, q)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		for i, row := range groups {
			if q.Limit > 0 && i == q.Limit || !yield(row, nil) {
				return
			}
		}
	}
}

// groups answers a query, but for its limit.
func (m *Model) groups(ctx context.Context, q *warehouse.Query) (rows []warehouse.Row, total warehouse.Row, gaps []warehouse.Gap, err error) {
	if !sound(q) {
		return nil, total, nil, homing.ErrInvalid
	}
	if ctx.Err() != nil {
		return nil, total, nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	byKey := map[string]*group{}
	all := &group{}
	if len(q.By) == 0 {
		byKey[""] = &group{}
	}
	var known [3]bool // by the quarter-hour totals
	for table := range warehouse.Table(3) {
		known[table] = totalled(q, table)
	}
	for _, f := range m.facts(q) {
		if !counts(q, &f, known) {
			continue
		}
		keys, name := keysOf(q, &f)
		if byKey[name] == nil {
			byKey[name] = &group{keys: keys}
		}
		byKey[name].add(&f)
		all.add(&f)
	}
	for _, g := range byKey {
		rows = append(rows, g.row(q))
	}
	slices.SortFunc(rows, func(a, b warehouse.Row) int { return compareRows(q, &a, &b) })
	return rows, all.row(q), m.gaps(q), nil
}

// counts tells whether a row is part of a query's answer. One that was given up
// is, where the quarter-hour totals know its table, and its quarter is whole.
func counts(q *warehouse.Query, f *fact, known [3]bool) bool {
	if f.at < q.From || f.at >= q.Until || f.test {
		return false
	}
	if f.givenUp && !(known[f.table] && f.at >= firstQuarter(q) && f.at < lastQuarter(q)) {
		return false
	}
	asked := false
	for measure := range f.adds {
		asked = asked || q.Measures.Has(measure)
	}
	if !asked {
		return false
	}
	for _, c := range q.Where {
		if !holds(c, f.keys(c.Dimension)) {
			return false
		}
	}
	keys, _ := keysOf(q, f)
	isSame := func(other []warehouse.Key) bool { return slices.Equal(keys, other) }
	return (len(q.Only) == 0 || slices.ContainsFunc(q.Only, isSame)) && !slices.ContainsFunc(q.Except, isSame)
}

func keysOf(q *warehouse.Query, f *fact) (keys []warehouse.Key, name string) {
	for _, d := range q.By {
		key := f.keys(d)
		keys = append(keys, key)
		name += key.Text + "\x00" + homing.ConversionID(key.Number).String() + "\x00"
	}
	return keys, name
}

func (g *group) add(f *fact) {
	for measure, n := range f.adds {
		g.sums[measure] += n
	}
	if _, ok := f.adds[warehouse.TimeMedian]; ok {
		g.took = append(g.took, f.took)
	}
}

func (g *group) row(q *warehouse.Query) warehouse.Row {
	row := warehouse.Row{Keys: g.keys}
	for measure := range warehouse.Measure(warehouse.MeasureCount) {
		switch {
		case !q.Measures.Has(measure):
		case measure == warehouse.TimeMedian:
			row.Measures[measure] = atMost(g.took, 5)
		case measure == warehouse.TimeP90:
			row.Measures[measure] = atMost(g.took, 9)
		default:
			row.Measures[measure] = g.sums[measure]
		}
	}
	return row
}

// atMost is the smallest of the times that at least so many tenths of them do
// not exceed.
func atMost(times []int64, tenths int) int64 {
	for _, limit := range slices.Sorted(slices.Values(times)) {
		below := 0
		for _, t := range times {
			if t <= limit {
				below++
			}
		}
		if 10*below >= tenths*len(times) {
			return limit
		}
	}
	return warehouse.NoTime
}

func holds(c warehouse.Condition, key warehouse.Key) bool {
	switch c.Op {
	case warehouse.In:
		return slices.Contains(c.Keys, key)
	case warehouse.NotIn:
		return !slices.Contains(c.Keys, key)
	case warehouse.Begins:
		return strings.HasPrefix(small(key.Text), small(c.Keys[0].Text))
	default:
		return strings.Contains(small(key.Text), small(c.Keys[0].Text))
	}
}

// small makes the letters A to Z small.
func small(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func compareRows(q *warehouse.Query, a, b *warehouse.Row) int {
	for _, o := range q.Order {
		if c := compareBy(q, o, a, b); c != 0 {
			return c
		}
	}
	for i := range q.By {
		if c := compareKeys(a.Keys[i], b.Keys[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareKeys(a, b warehouse.Key) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.Text, b.Text))
}

func compareBy(q *warehouse.Query, o warehouse.Order, a, b *warehouse.Row) int {
	sign := 1
	if o.Desc {
		sign = -1
	}
	if o.ByKey {
		i := slices.Index(q.By, o.Dimension)
		return sign * compareKeys(a.Keys[i], b.Keys[i])
	}
	x, xok := sortedValue(o, a)
	y, yok := sortedValue(o, b)
	switch {
	case xok && yok && o.Divided:
		return sign * cmp.Compare(x, y)
	case xok && yok:
		return sign * cmp.Compare(a.Measures[o.Measure], b.Measures[o.Measure])
	case xok:
		return -1
	case yok:
		return 1
	}
	return 0
}

// sortedValue is what a row is sorted by; not ok is last.
func sortedValue(o warehouse.Order, row *warehouse.Row) (value float64, ok bool) {
	noTime := func(m warehouse.Measure) bool {
		return (m == warehouse.TimeMedian || m == warehouse.TimeP90) && row.Measures[m] == warehouse.NoTime
	}
	if noTime(o.Measure) {
		return 0, false
	}
	value = float64(row.Measures[o.Measure])
	if !o.Divided {
		return value, true
	}
	if row.Measures[o.Per] == 0 || noTime(o.Per) {
		return 0, false
	}
	return value / float64(row.Measures[o.Per]), true
}
