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

// Clicks implements warehouse.Source.
func (w *Warehouse) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	read := func(r *process.Rows) (warehouse.Click, error) { return readClick(r), nil }
	return list(ctx, w, warehouse.ClickTable, l, clicks.names(), read)
}

// Postbacks implements warehouse.Source.
func (w *Warehouse) Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return list(ctx, w, warehouse.PostbackTable, l, postbackColumns, readPostback)
}

// Conversions implements warehouse.Source.
func (w *Warehouse) Conversions(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	return list(ctx, w, warehouse.ConversionTable, l, conversions.names(), readConversion)
}

func list[T any](ctx context.Context, w *Warehouse, table warehouse.Table, l *warehouse.List, columns []string,
	read func(*process.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := statement.CheckList(table, l); err != nil {
			yield(none, err)
			return
		}
		if _, err := w.remember(ctx); err != nil {
			yield(none, err)
			return
		}
		pieces, err := w.pieces(ctx, table, l)
		if err != nil {
			yield(none, err)
			return
		}
		for _, piece := range pieces {
			s, err := statement.List(table, &piece, statement.DuckDB, columns...)
			if err != nil {
				yield(none, err)
				return
			}
			if !stream(ctx, w.child, read, yield, s.SQL, s.Args...) {
				return
			}
		}
	}
}

// pieceRows is about how many rows a statement of a long list puts in order.
const pieceRows = 1_000_000

// pieces cuts a list without a limit into stretches of time, in its direction.
// To put a hundred million whole rows in order at once would take the disk
// twice over, and nothing would come before the end.
func (w *Warehouse) pieces(ctx context.Context, table warehouse.Table, l *warehouse.List) ([]warehouse.List, error) {
	if l.Limit > 0 {
		return []warehouse.List{*l}, nil
	}
	var first, last, count int64
	err := each(process.ForReport(ctx), w.child, func(r *process.Rows) { first, last, count = r.Int(0), r.Int(1), r.Int(2) },
		`SELECT min("at"), max("at"), count(*) FROM `+rawTables[table].name+` WHERE "at" >= ? AND "at" < ?`,
		int64(l.From), int64(l.Until))
	if err != nil {
		return nil, fmt.Errorf("couldn't list: %w", err)
	}
	if count == 0 {
		return nil, nil
	}
	return cut(*l, first, last+1, count/pieceRows+1), nil
}

// cut divides the range of a list evenly.
func cut(l warehouse.List, from, until, pieces int64) (all []warehouse.List) {
	step := (until-from)/pieces + 1
	for at := from; at < until; at += step {
		piece := l
		piece.From, piece.Until = homing.Millis(at), homing.Millis(min(at+step, until))
		all = append(all, piece)
	}
	if l.Newest {
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			all[i], all[j] = all[j], all[i]
		}
	}
	return all
}
