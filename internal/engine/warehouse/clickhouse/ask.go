package clickhouse

import (
	"context"
	"fmt"
	"iter"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
	"homing/internal/engine/warehouse/statement"
)

// Ask implements warehouse.Source. What is of one moment is what the notes say:
// the statement looks at nothing that came after them.
func (w *Warehouse) Ask(ctx context.Context, q *warehouse.Query) (*warehouse.Answer, error) {
	if err := statement.Check(q); err != nil {
		return nil, err
	}
	s, st, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	question, err := statement.Ask(q, st.dialect(), st.holdings, st.lost...)
	if err != nil {
		return nil, err
	}
	rows, err := w.client.Query(ctx, filled(question.SQL, question.Args), s.reading())
	if err != nil {
		return nil, fmt.Errorf("couldn't answer a query: %w", err)
	}
	defer rows.Close()
	answer, err := question.Answer(rows)
	if err != nil {
		return nil, fmt.Errorf("couldn't answer a query: %w", err)
	}
	return answer, nil
}

// Stream implements warehouse.Source.
func (w *Warehouse) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	return func(yield func(warehouse.Row, error) bool) {
		if _, err := statement.Stream(q, statement.ClickHouse{}, statement.Holdings{}); err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		s, st, err := w.read(ctx)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		question, err := statement.Stream(q, st.dialect(), st.holdings, st.lost...)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		read := func(rows *wire.Rows) (warehouse.Row, error) { return question.Row(rows), nil }
		stream(ctx, w, s, read, yield, question)
	}
}

// stream yields the rows of a statement, and what ended them if it was not
// their end. It tells how many there were, and whether more is wanted.
func stream[T any](ctx context.Context, w *Warehouse, s *server, read func(*wire.Rows) (T, error),
	yield func(T, error) bool, question *statement.Statement) (count int, more bool) {
	var none T
	rows, err := w.client.Query(ctx, filled(question.SQL, question.Args), s.reading())
	if err != nil {
		yield(none, fmt.Errorf("couldn't list: %w", err))
		return 0, false
	}
	defer rows.Close()
	for rows.Next() {
		row, err := read(rows)
		if !yield(row, err) || err != nil {
			return count, false
		}
		count++
	}
	if err := rows.Err(); err != nil {
		yield(none, fmt.Errorf("couldn't list: %w", err))
		return count, false
	}
	return count, true
}

// Click implements warehouse.Source.
//
// It does without FINAL, which would read whole rows of everything that lies near the
// click, of all parts, and merge them. The columns that say where a click lies are
// read first (PREWHERE), and of those no more than the table's order leaves over: a few
// thousand short cells of each part of the day. All else is read where they match. Which
// of the versions counts is worked out here, see newest.
func (w *Warehouse) Click(ctx context.Context, origin homing.Origin) (click warehouse.Click, err error) {
	s, st, err := w.read(ctx)
	if err != nil {
		return click, err
	}
	var found newest
	err = w.each(ctx, s, found.take, st.versionsOf(origin))
	if err != nil {
		return click, fmt.Errorf("couldn't look up a click: %w", err)
	}
	version, ok := found.of[origin]
	if !ok {
		return click, fmt.Errorf("the warehouse has no such click: %w", homing.ErrNotFound)
	}
	blankClick(&version.row, st.erased.level(origin, version.row.Account))
	return version.row, nil
}
