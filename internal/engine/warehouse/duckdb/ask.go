package duckdb

import (
	"context"
	"fmt"
	"iter"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/statement"
)

// Ask implements warehouse.Source.
func (w *Warehouse) Ask(ctx context.Context, q *warehouse.Query) (*warehouse.Answer, error) {
	m, err := w.remember(ctx)
	if err != nil {
		return nil, err
	}
	s, err := statement.Ask(q, statement.DuckDB, m.holdings, m.lost.gaps...)
	if err != nil {
		return nil, err
	}
	rows, err := w.child.Query(process.ForReport(ctx), s.SQL, s.Args...)
	if err != nil {
		return nil, fmt.Errorf("couldn't answer a query: %w", err)
	}
	defer rows.Close()
	answer, err := s.Answer(rows)
	if err != nil {
		return nil, fmt.Errorf("couldn't answer a query: %w", err)
	}
	return answer, nil
}

// Stream implements warehouse.Source.
func (w *Warehouse) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	return func(yield func(warehouse.Row, error) bool) {
		m, err := w.remember(ctx)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		s, err := statement.Stream(q, statement.DuckDB, m.holdings, m.lost.gaps...)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		read := func(rows *process.Rows) (warehouse.Row, error) { return s.Row(rows), nil }
		stream(ctx, w.child, read, yield, s.SQL, s.Args...)
	}
}

// stream yields the rows of a statement, and what ended them if it was not
// their end. It tells whether more is wanted.
func stream[T any](ctx context.Context, p *process.Process, read func(*process.Rows) (T, error),
	yield func(T, error) bool, sql string, args ...any) bool {
	var none T
	rows, err := p.Query(process.ForReport(ctx), sql, args...)
	if err != nil {
		yield(none, fmt.Errorf("couldn't list: %w", err))
		return false
	}
	defer rows.Close()
	for rows.Next() {
		row, err := read(rows)
		if !yield(row, err) || err != nil {
			return false
		}
	}
	if err := rows.Err(); err != nil {
		yield(none, fmt.Errorf("couldn't list: %w", err))
		return false
	}
	return true
}

// Click implements warehouse.Source.
func (w *Warehouse) Click(ctx context.Context, origin homing.Origin) (click warehouse.Click, err error) {
	if _, err := w.remember(ctx); err != nil {
		return click, err
	}
	found := false
	err = each(process.ForReport(ctx), w.child, func(r *process.Rows) { click, found = readClick(r), true },
		`SELECT `+clicks.columns()+` FROM clicks WHERE "at" = ? AND node = ? AND seq = ? AND campaign = ?`,
		int64(origin.Time), int64(origin.Node), int64(origin.Seq), int64(origin.Campaign))
	if err != nil {
		return click, fmt.Errorf("couldn't look up a click: %w", err)
	}
	if !found {
		return click, fmt.Errorf("the warehouse has no such click: %w", homing.ErrNotFound)
	}
	return click, nil
}
