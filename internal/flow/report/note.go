package report

import (
	"context"
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
)

// ExportNotes are what a reader of an exported report must know beside its rows,
// as a Table has them: what was given up, what is still being loaded, amounts of
// other currencies. They are told before the first row is.
func (e *Engine) ExportNotes(ctx context.Context, scope Scope, q *Question) ([]string, error) {
	p, err := e.plan(scope, q)
	if err != nil {
		return nil, err
	}
	queries := []warehouse.Query{p.query}
	if q.Compare != "" {
		queries = append(queries, p.otherQuery())
	}
	for i, in := range []string{"", " of the range to compare with"}[:len(queries)] {
		gaps, err := e.gaps(ctx, queries[i])
		if err != nil {
			return nil, err
		}
		p.noteGaps(gaps)
		if !queries[i].Measures.Has(warehouse.Foreign) {
			continue
		}
		count, err := e.foreign(ctx, queries[i])
		if err != nil {
			return nil, err
		}
		p.noteForeign(count, in)
	}
	return p.notes, nil
}

// gaps are what a query cannot be told any more. No row fits the one that is
// asked in its place, so it costs nothing.
func (e *Engine) gaps(ctx context.Context, q warehouse.Query) ([]warehouse.Gap, error) {
	none := warehouse.Condition{Dimension: warehouse.Account, Op: warehouse.In} // one of no accounts
	q.Where = append(q.Where[:len(q.Where):len(q.Where)], none)
	q.Order, q.Limit, q.Total = nil, 1, false
	answer, err := e.Warehouse.Ask(ctx, &q)
	if err != nil {
		return nil, fmt.Errorf("couldn't look for what was given up: %w", err)
	}
	return answer.Gaps, nil
}

// foreign counts the conversions of other currencies that a query is about.
func (e *Engine) foreign(ctx context.Context, q warehouse.Query) (int64, error) {
	q.By, q.Measures, q.Order, q.Limit, q.Total = nil, warehouse.SetOf(warehouse.Foreign), nil, 1, true
	answer, err := e.Warehouse.Ask(ctx, &q)
	if err != nil {
		return 0, fmt.Errorf("couldn't count conversions of other currencies: %w", err)
	}
	return answer.Total.Measures[warehouse.Foreign], nil
}

// ListNotes are what a reader of an exported list must know beside its rows.
func (e *Engine) ListNotes(ctx context.Context, scope Scope, q *ListQuestion) ([]string, error) {
	l := e.lister(scope)
	gaps, err := l.gaps(ctx, q)
	return append(l.names.missing(q.Where), gaps...), err
}

// rowsOf is a measure that counts rows of a table one by one, if it is broken
// down by what no totals know.
var rowsOf = map[warehouse.Table]warehouse.Measure{
	warehouse.ClickTable: warehouse.Clicks, warehouse.PostbackTable: warehouse.Postbacks, warehouse.ConversionTable: warehouse.Conversions,
}

// gaps tells which rows a list would have if they had not been given up.
func (l *lister) gaps(ctx context.Context, q *ListQuestion) (notes []string, err error) {
	from, until := q.From, q.Until
	if origin, genuine := l.ring.Open(q.ClickID); genuine && q.Table == warehouse.ClickTable {
		// A click lies at its own time, whatever the range is.
		from, until = max(from, origin.Time), min(until, origin.Time+1)
	}
	if from >= until {
		return nil, nil
	}
	gaps, err := l.engine.gaps(ctx, warehouse.Query{
		From: from, Until: until, Basis: warehouse.ByConversion,
		By: []warehouse.Dimension{warehouse.OfFacet(warehouse.FacetSub1)}, Measures: warehouse.SetOf(rowsOf[q.Table]),
	})
	for _, g := range gaps {
		notes = append(notes, gapText(g)+", and are not in this list.")
	}
	return notes, err
}

// named tells whether a list is of what has a number. Its range is all of time
// then, so that something was always given up.
func (q *ListQuestion) named() bool {
	return q.ClickID != (homing.ClickID{}) || q.zeros || q.Conversion != 0 || q.Request != (homing.RequestID{})
}
