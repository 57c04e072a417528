package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// keptDays is how many days of visitors are kept besides the newest: a click
// that comes later than that is unique unless it is in one batch with the first.
const keptDays = 3

// visitorOf is a visitor of a day.
type visitorOf struct {
	day warehouse.Day
	key uint64
}

// visitorKey is a visitor of a campaign in 64 bits. Mixing is reversible for
// one campaign; two campaigns' visitors meet as rarely as two hashes do.
func visitorKey(c *warehouse.Click) uint64 {
	x := c.Visitor ^ uint64(c.Campaign)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// countsVisitor tells whether a click is one that may be unique.
func countsVisitor(c *warehouse.Click) bool {
	return c.Class == homing.Billable && c.Visitor != 0 && !c.Test()
}

// uniques finds the first clicks of their visitor.
//
// Which click was the first is written down before the click is: a batch that is
// loaded again finds its own clicks and not "somebody was here". Several are written
// down if as many loaders had one in the same moment; see contest.
type uniques struct {
	first map[visitorOf][]homing.Origin
	news  map[warehouse.Day][]uint64 // visitors of whom nobody knew
}

// ask learns who is known of the visitors of a batch.
func (u *uniques) ask(ctx context.Context, w *Warehouse, s *server, batch []warehouse.Click) error {
	asked := map[warehouse.Day][]uint64{}
	for i := range batch {
		if c := &batch[i]; countsVisitor(c) {
			day := warehouse.DayAt(c.Time)
			asked[day] = append(asked[day], visitorKey(c))
		}
	}
	u.news = map[warehouse.Day][]uint64{}
	return u.askFor(ctx, w, s, asked)
}

// askFor learns who is known of some visitors.
func (u *uniques) askFor(ctx context.Context, w *Warehouse, s *server, asked map[warehouse.Day][]uint64) error {
	u.first = map[visitorOf][]homing.Origin{}
	for day, keys := range asked {
		for some := range slices.Chunk(keys, visitorsAtOnce) {
			if err := u.askDay(ctx, w, s, day, some); err != nil {
				return fmt.Errorf("couldn't look up visitors: %w", err)
			}
		}
	}
	return nil
}

// visitorsAtOnce is how many visitors one statement asks for.
const visitorsAtOnce = 65_536

func (u *uniques) askDay(ctx context.Context, w *Warehouse, s *server, day warehouse.Day, keys []uint64) error {
	var list strings.Builder
	for i, key := range keys {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprint(&list, key)
	}
	return w.each(ctx, s, func(r *wire.Rows) {
		v := visitorOf{day, uint64(r.Int(0))}
		u.first[v] = append(u.first[v], (&cells{rows: r, column: 1}).origin())
	}, fmt.Sprintf("SELECT visitor, at, node, seq, campaign FROM visitors WHERE day = %d AND visitor IN (SELECT arrayJoin([%s]))",
		day, list.String()))
}

// isFirst tells whether a click is the first of its visitor, and whether that is
// news.
func (u *uniques) isFirst(c *warehouse.Click) (first, news bool) {
	if !countsVisitor(c) {
		return false, false
	}
	v := visitorOf{warehouse.DayAt(c.Time), visitorKey(c)}
	known := u.first[v]
	if len(known) == 0 {
		u.first[v] = []homing.Origin{c.Origin}
		u.news[v.day] = append(u.news[v.day], v.key)
		return true, true
	}
	return slices.MinFunc(known, compareOrigins) == c.Origin, false
}

// forgetVisitors gives up visitors of days before the newest ones. A clock ahead
// of ours must not make us forget those of today.
func (w *Warehouse) forgetVisitors(ctx context.Context, s *server) error {
	var days []warehouse.Day
	err := w.each(ctx, s, func(r *wire.Rows) { days = append(days, warehouse.Day(r.Int(0))) },
		"SELECT DISTINCT day FROM visitors ORDER BY day")
	if err != nil || len(days) == 0 {
		return err
	}
	newest := min(days[len(days)-1], warehouse.DayAt(homing.MillisOf(w.options.Clock())))
	for _, day := range days {
		if day >= newest-keptDays {
			break
		}
		if err := w.dropPartition(ctx, s, visitors, int64(day), nil); err != nil {
			return err
		}
	}
	return nil
}
