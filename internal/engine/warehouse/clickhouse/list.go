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

// Clicks implements warehouse.Source.
func (w *Warehouse) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	read := func(r *wire.Rows) (warehouse.Click, error) { return readClick(r), nil }
	return list(ctx, w, warehouse.ClickTable, l, clickColumns, read)
}

// Postbacks implements warehouse.Source.
func (w *Warehouse) Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return list(ctx, w, warehouse.PostbackTable, l, postbackColumns, readPostback)
}

// Conversions implements warehouse.Source.
func (w *Warehouse) Conversions(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	return list(ctx, w, warehouse.ConversionTable, l, conversionColumns, readConversion)
}

func list[T any](ctx context.Context, w *Warehouse, table warehouse.Table, l *warehouse.List, columns []string,
	read func(*wire.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := statement.CheckList(table, l); err != nil {
			yield(none, err)
			return
		}
		s, st, err := w.read(ctx)
		if err != nil {
			yield(none, err)
			return
		}
		from, until, count, err := w.extent(ctx, s, st, table, l)
		if err != nil {
			yield(none, fmt.Errorf("couldn't list: %w", err))
			return
		}
		rest := *l
		rest.From, rest.Until = from, until
		width := firstStretch
		if count <= stretchRows/stretchFactor {
			width = until - from
		}
		for rest.From < rest.Until {
			stretch := cut(&rest, width)
			question, err := statement.List(table, &stretch, st.dialect(), columns...)
			if err != nil {
				yield(none, err)
				return
			}
			count, more := stream(ctx, w, s, read, yield, question)
			if !more || l.Limit > 0 && count == rest.Limit {
				return
			}
			if l.Limit > 0 {
				rest.Limit -= count
			}
			width = nextStretch(width, count)
		}
	}
}

// A list is put together from stretches of time, in its direction. To put a
// hundred million whole rows in order, for the first hundred of them, would have
// the server read them all. Stretches become longer while they have few rows.
const (
	firstStretch  homing.Millis = 10 * 60 * 1000
	stretchRows                 = 200_000 // more are not wanted at once
	stretchFactor               = 6
)

func nextStretch(width homing.Millis, rows int) homing.Millis {
	switch {
	case rows > stretchRows:
		return max(width/stretchFactor, 1000)
	case rows > stretchRows/stretchFactor:
		return width
	}
	return width * stretchFactor
}

// cut takes the next stretch off what is left of a list. Who asks for what is
// rare gets all at once.
func cut(rest *warehouse.List, width homing.Millis) warehouse.List {
	stretch := *rest
	if isRare := rest.Click != (homing.Origin{}) || rest.Conversion != 0 || rest.Request != (homing.RequestID{}); isRare {
		rest.From = rest.Until
		return stretch
	}
	if rest.Newest {
		stretch.From = max(rest.From, rest.Until-width)
		rest.Until = stretch.From
	} else {
		stretch.Until = min(rest.Until, rest.From+width)
		rest.From = stretch.Until
	}
	return stretch
}

// extent is the part of a list's range that may have rows, and about how many.
func (w *Warehouse) extent(ctx context.Context, s *server, st *state, table warehouse.Table, l *warehouse.List) (from, until homing.Millis, count int64, err error) {
	from, until = l.From, l.Until
	if l.After != nil && l.Newest {
		until = min(until, l.After.At+1)
	} else if l.After != nil {
		from = max(from, l.After.At)
	}
	if from >= until {
		return 0, 0, 0, nil
	}
	var first, last homing.Millis
	err = w.each(ctx, s, func(r *wire.Rows) { count, first, last = r.Int(0), homing.Millis(r.Int(1)), homing.Millis(r.Int(2)) },
		fmt.Sprintf(`SELECT count(), min(at), max(at) FROM %s WHERE at >= %d AND at < %d AND %s`, rawTables[table].name, from, until, st.visible(table)))
	if err != nil || count == 0 {
		return 0, 0, 0, err
	}
	return max(from, first), min(until, last+1), count, nil
}
