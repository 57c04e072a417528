package warehousetest

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
)

// Clicks implements warehouse.Source.
func (m *Model) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	fits := func(c *warehouse.Click) bool {
		keys := keyer(nil, c.Time, c.Account, c.Campaign, 0, "", c.Facets)
		return !m.isGivenUp(warehouse.ClickTable, c.Time) && inList(l, c.Time, c.Origin, keys) &&
			(len(l.Class) == 0 || slices.Contains(l.Class, c.Class))
	}
	foreign := len(l.Outcome) > 0 || len(l.Status) > 0 || l.Conversion != 0 || l.Request != (homing.RequestID{})
	return list(ctx, l, foreign, slices.Values(m.clicks), fits, (*warehouse.Click).Place)
}

// Postbacks implements warehouse.Source.
func (m *Model) Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	fits := func(p *warehouse.Postback) bool {
		keys := keyer(nil, p.At, p.Account, p.Campaign, p.Goal, p.Verdict.Reason.String(), p.Facets)
		var click homing.Origin
		if genuine(p) {
			click = p.Origin
		}
		return !m.isGivenUp(warehouse.PostbackTable, p.At) && inList(l, p.At, click, keys) &&
			(len(l.Outcome) == 0 || slices.Contains(l.Outcome, p.Verdict.Outcome)) &&
			(l.Conversion == 0 || l.Conversion == p.Conversion) &&
			(l.Request == homing.RequestID{} || l.Request == p.Request)
	}
	foreign := len(l.Class) > 0 || len(l.Status) > 0
	return list(ctx, l, foreign, slices.Values(m.postbacks), fits, (*warehouse.Postback).Place)
}

// Conversions implements warehouse.Source.
func (m *Model) Conversions(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	fits := func(c *warehouse.Conversion) bool {
		keys := keyer(nil, c.At, c.Account, c.Campaign, c.Goal, "", c.Facets)
		return !m.isGivenUp(warehouse.ConversionTable, c.At) && inList(l, c.At, c.Click, keys) &&
			(len(l.Status) == 0 || slices.Contains(l.Status, c.Status)) &&
			(l.Conversion == 0 || l.Conversion == c.ID) &&
			(l.Request == homing.RequestID{} || l.Request == c.Request)
	}
	foreign := len(l.Class) > 0 || len(l.Outcome) > 0
	return list(ctx, l, foreign, maps.Values(m.conversions), fits, (*warehouse.Conversion).Place)
}

// Click implements warehouse.Source.
func (m *Model) Click(ctx context.Context, origin homing.Origin) (warehouse.Click, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return warehouse.Click{}, ctx.Err()
	}
	if c, ok := m.find(origin); ok {
		return c, nil
	}
	return warehouse.Click{}, homing.ErrNotFound
}

// inList tells whether a row is one that a list of any table asks for.
func inList(l *warehouse.List, at homing.Millis, click homing.Origin, keys func(warehouse.Dimension) warehouse.Key) bool {
	if at < l.From || at >= l.Until || l.Click != (homing.Origin{}) && l.Click != click {
		return false
	}
	for _, c := range l.Where {
		if !holds(c, keys(c.Dimension)) {
			return false
		}
	}
	return true
}

// list sorts the rows that fit, and gives those behind the cursor. foreign:
// the list narrows by what the table does not have.
func list[R any](ctx context.Context, l *warehouse.List, foreign bool, all iter.Seq[R], fits func(*R) bool, place func(*R) warehouse.Cursor) iter.Seq2[R, error] {
	var rows []R
	var err error
	if foreign || !soundList(l) {
		err = homing.ErrInvalid
	} else if err = ctx.Err(); err == nil {
		for row := range all {
			if fits(&row) && (l.After == nil || comparePlaces(l, *l.After, place(&row)) < 0) {
				rows = append(rows, row)
			}
		}
	}
	slices.SortFunc(rows, func(a, b R) int { return comparePlaces(l, place(&a), place(&b)) })
	if l.Limit > 0 {
		rows = rows[:min(l.Limit, len(rows))]
	}
	return func(yield func(R, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			var none R
			yield(none, err)
		}
	}
}

func comparePlaces(l *warehouse.List, a, b warehouse.Cursor) int {
	c := cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Number, b.Number))
	if l.Newest {
		return -c
	}
	return c
}
