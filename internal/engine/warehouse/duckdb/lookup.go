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

// ask reads the stored clicks that are wanted.
func (l *lookup) ask(ctx context.Context, p *process.Process) error {
	if len(l.wanted) == 0 {
		return nil
	}
	var times moments
	for origin := range l.wanted {
		times.add(origin.Time)
	}
	return each(ctx, p, l.keep, `SELECT "at", node, seq, campaign, `+facetColumns+` FROM clicks WHERE `+momentsWhere, times.args()...)
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
