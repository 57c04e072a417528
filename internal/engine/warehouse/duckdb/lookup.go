package duckdb

import (
	"cmp"
	"context"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// lookup finds the facets of clicks, in the batch or in what is stored.
//
// Stored clicks are asked for by their moments; the few others of the same
// millisecond are left out here.
type lookup struct {
	clicks []warehouse.Click
	order  []int32 // of the batch's clicks, by (time, node, sequence)
	stored map[homing.Origin]*warehouse.Facets
	wanted map[homing.Origin]bool
}

// comparePlace is the order in which clicks are stored.
func comparePlace(a, b *homing.Origin) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Seq, b.Seq))
}

// newLookup puts a batch's clicks in order.
func newLookup(batch []warehouse.Click, order []int32) *lookup {
	order = slices.Grow(order[:0], len(batch))
	for i := range batch {
		order = append(order, int32(i))
	}
	compare := func(a, b int32) int { return comparePlace(&batch[a].Origin, &batch[b].Origin) }
	if !slices.IsSortedFunc(order, compare) {
		slices.SortStableFunc(order, compare)
	}
	return &lookup{clicks: batch, order: order, stored: map[homing.Origin]*warehouse.Facets{}, wanted: map[homing.Origin]bool{}}
}

// inBatch finds a click of the batch; nil if it is not there.
func (l *lookup) inBatch(origin homing.Origin) *warehouse.Click {
	at, ok := slices.BinarySearchFunc(l.order, &origin, func(i int32, o *homing.Origin) int {
		return comparePlace(&l.clicks[i].Origin, o)
	})
	if !ok || l.clicks[l.order[at]].Campaign != origin.Campaign {
		return nil
	}
	return &l.clicks[l.order[at]]
}

// want says that a click will be looked for.
func (l *lookup) want(origin homing.Origin) {
	if l.inBatch(origin) == nil {
		l.wanted[origin] = true
	}
}

// lookupTimes is how many moments are asked for at once.
const lookupTimes = 10_000

// ask reads the stored clicks that are wanted.
func (l *lookup) ask(ctx context.Context, p *process.Process) error {
	times := make([]int64, 0, len(l.wanted))
	for origin := range l.wanted {
		times = append(times, int64(origin.Time))
	}
	slices.Sort(times)
	for some := range slices.Chunk(slices.Compact(times), lookupTimes) {
		if err := each(ctx, p, l.keep, `SELECT "at", node, seq, campaign, `+facetColumns+` FROM clicks WHERE `+fewRows("clicks", `"at"`, some)); err != nil {
			return err
		}
	}
	return nil
}

// fewRows is the condition that a column has one of some values, for a few rows
// of a large table of which many columns are wanted.
//
// The values as constants have DuckDB pass over row groups that cannot have
// them. Within the others a plain IN would have every text of every row
// unpacked, and the row left out afterwards; numbers of rows from an inner
// question are known while the row group is read, and only those 2,048 rows are
// unpacked around each. Of 6 million clicks, 50 are found in a quarter of the
// time, and it does not grow with the clicks between them.
func fewRows[N int64 | homing.ConversionID](table, column string, values []N) string {
	in := column + ` IN ` + inList(values)
	return in + ` AND rowid IN (SELECT rowid FROM ` + table + ` WHERE ` + in + `)`
}

func (l *lookup) keep(rows *process.Rows) {
	r := cells{rows: rows}
	origin := readOrigin(&r)
	if l.wanted[origin] {
		facets := r.facets()
		l.stored[origin] = &facets
	}
}

// find gives the facets of a click, nil if it is not known.
func (l *lookup) find(origin homing.Origin) *warehouse.Facets {
	if c := l.inBatch(origin); c != nil {
		return &c.Facets
	}
	return l.stored[origin]
}
