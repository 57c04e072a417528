package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// lookup finds the facets of clicks, in a batch or in what is stored. A stored
// click need not be visible: it was made, whether or not the batch it is in has
// been finished.
type lookup struct {
	state  *state
	facets map[homing.Origin]*warehouse.Facets
	wanted map[homing.Origin]bool
}

func newLookup(st *state) *lookup {
	return &lookup{state: st, facets: map[homing.Origin]*warehouse.Facets{}, wanted: map[homing.Origin]bool{}}
}

// want says that a click will be looked for, unless it was given up.
func (l *lookup) want(origin homing.Origin) {
	if l.state.kept(warehouse.ClickTable, origin.Time) {
		l.wanted[origin] = true
	}
}

// lookIn looks among the clicks of a batch.
func (l *lookup) lookIn(batch []warehouse.Click) {
	if len(l.wanted) == 0 {
		return
	}
	for i := range batch {
		if origin := batch[i].Origin; l.wanted[origin] {
			l.facets[origin] = &batch[i].Facets
			delete(l.wanted, origin)
		}
	}
}

// lookupClicks is how many clicks are asked for at once.
const lookupClicks = 2000

// ask looks among the stored clicks.
func (l *lookup) ask(ctx context.Context, w *Warehouse, s *server) error {
	all := slices.SortedFunc(maps.Keys(l.wanted), compareOrigins)
	for some := range slices.Chunk(all, lookupClicks) {
		err := w.each(ctx, s, func(r *wire.Rows) {
			c := cells{rows: r}
			if origin := c.origin(); l.wanted[origin] {
				facets := c.facets()
				l.facets[origin] = &facets
			}
		}, fmt.Sprintf(`SELECT at, node, seq, campaign, %s FROM clicks WHERE %s`, facetColumns, isOneOf(some)))
		if err != nil {
			return fmt.Errorf("couldn't look up clicks: %w", err)
		}
	}
	return nil
}

func compareOrigins(a, b homing.Origin) int {
	if a.Time != b.Time {
		return int(min(max(a.Time-b.Time, -1), 1))
	}
	return slices.Compare([]int{int(a.Node), int(a.Seq), int(a.Campaign)}, []int{int(b.Node), int(b.Seq), int(b.Campaign)})
}

// isOneOf is the condition of some clicks, and of a few others of the same
// milliseconds, in words that the table's order knows.
func isOneOf(some []homing.Origin) string {
	quarters, campaigns, times := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	for _, o := range some {
		quarters[int64(o.Time)/quarterMillis], campaigns[int64(o.Campaign)], times[int64(o.Time)] = true, true, true
	}
	first, last := some[0].Time, some[len(some)-1].Time // they are in order
	return fmt.Sprintf("at >= %d AND at <= %d AND intDiv(at, %d) IN (%s) AND campaign IN (%s) AND at IN (%s)",
		first, last, quarterMillis, inList(quarters), inList(campaigns), inList(times))
}

const quarterMillis = 15 * 60 * 1000

func inList(numbers map[int64]bool) string {
	var list []string
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		list = append(list, fmt.Sprint(n))
	}
	return strings.Join(list, ", ")
}

// find gives the facets of a click as they may be told now, nil if it is not
// known.
func (l *lookup) find(origin homing.Origin, account homing.AccountID) *warehouse.Facets {
	facets := l.facets[origin]
	if facets == nil || l.state.erased.level(origin, account) == whole {
		return facets
	}
	blank := blankFacets(*facets)
	return &blank
}
