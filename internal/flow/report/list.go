package report

import (
	"context"
	"fmt"
	"io"
	"iter"

	"homing"
	"homing/internal/engine/warehouse"
)

// Clicks gives a page of the clicks.
func (e *Engine) Clicks(ctx context.Context, scope Scope, q *ListQuestion) (*Page[Click], error) {
	return pageOf(ctx, e, scope, q, warehouse.Source.Clicks, (*lister).click)
}

// Postbacks gives a page of the postback log.
func (e *Engine) Postbacks(ctx context.Context, scope Scope, q *ListQuestion) (*Page[Postback], error) {
	return pageOf(ctx, e, scope, q, warehouse.Source.Postbacks, (*lister).postback)
}

// Conversions gives a page of the conversions.
func (e *Engine) Conversions(ctx context.Context, scope Scope, q *ListQuestion) (*Page[Conversion], error) {
	return pageOf(ctx, e, scope, q, warehouse.Source.Conversions, (*lister).conversion)
}

// ExportList writes a list in the columns that its pages have as fields; all of
// it, unless the question has a limit. It keeps to what Export keeps to.
func (e *Engine) ExportList(ctx context.Context, scope Scope, q *ListQuestion, f Format, w io.Writer, progress Progress) error {
	switch q.Table {
	case warehouse.ClickTable:
		return exportList(ctx, e, scope, q, f, w, progress, warehouse.Source.Clicks, (*lister).click, clickFields, nil)
	case warehouse.PostbackTable:
		return exportList(ctx, e, scope, q, f, w, progress, warehouse.Source.Postbacks, (*lister).postback, postbackFields, q.Only)
	case warehouse.ConversionTable:
		return exportList(ctx, e, scope, q, f, w, progress, warehouse.Source.Conversions, (*lister).conversion, conversionFields, nil)
	}
	return fmt.Errorf("%w table %d", homing.ErrInvalid, q.Table)
}

// reading is how a list is read from the warehouse: a method of its Source.
type reading[S any] func(warehouse.Source, context.Context, *warehouse.List) iter.Seq2[S, error]

// placed is a stored row that knows its place.
type placed[S any] interface {
	*S
	Place() warehouse.Cursor
}

func pageOf[S any, P placed[S], T Click | Postback | Conversion](ctx context.Context, e *Engine, scope Scope, q *ListQuestion,
	read reading[S], show func(*lister, *S) T) (*Page[T], error) {
	l := e.lister(scope)
	page := &Page[T]{Rows: []T{}, AsOf: Moment(e.Fresh())}
	limit := q.Limit
	if limit == 0 {
		limit = DefaultPage
	}
	var last warehouse.Cursor
	list, possible := l.list(q, limit+1)
	if possible {
		for row, err := range read(e.Warehouse, ctx, list) {
			if err != nil {
				return nil, fmt.Errorf("couldn't list %s: %w", q.Table, err)
			}
			if len(page.Rows) == limit {
				page.Next = q.cursor(last)
				break
			}
			page.Rows = append(page.Rows, show(l, &row))
			last = P(&row).Place()
		}
	}
	var err error
	page.Notes, err = l.notes(ctx, q, len(page.Rows))
	if err != nil {
		return nil, fmt.Errorf("couldn't list %s: %w", q.Table, err)
	}
	return page, nil
}

func exportList[S any, T Click | Postback | Conversion](ctx context.Context, e *Engine, scope Scope, q *ListQuestion, f Format, w io.Writer, progress Progress,
	read reading[S], show func(*lister, *S) T, fields []field[T], only func(*T) bool) error {
	l := e.lister(scope)
	var columns []Column
	for _, one := range fields {
		columns = append(columns, one.Column)
	}
	out, err := e.newExport(ctx, f, w, columns, progress)
	if err != nil {
		return err
	}
	list, possible := l.list(q, q.Limit)
	if !possible {
		return out.finish(nil)
	}
	cells := make([]Cell, len(fields))
	for row, err := range read(e.Warehouse, ctx, list) {
		if err != nil {
			return out.finish(err)
		}
		shown := show(l, &row)
		if only != nil && !only(&shown) {
			continue
		}
		for i := range fields {
			cells[i] = fields[i].cell(&shown)
		}
		if err := out.write(cells); err != nil {
			return out.finish(err)
		}
	}
	return out.finish(nil)
}

// list is the question inside the scope; possible is false if no row can answer
// it, because the click id was not minted here.
func (l *lister) list(q *ListQuestion, limit int) (list *warehouse.List, possible bool) {
	list = &warehouse.List{
		From: q.From, Until: q.Until, Where: conditions(l.scope, q.Where), Class: q.Class, Outcome: q.Outcome,
		Status: q.Status, Conversion: q.Conversion, Request: q.Request, Newest: !q.Oldest, After: q.After, Limit: limit,
	}
	if !q.named() { // what is asked for by its number is told, whosever it is
		list.Where = append(list.Where, withoutDemos(l.names.view, l.scope, q.Where)...)
	}
	if q.zeros {
		return list, false
	}
	if q.ClickID == (homing.ClickID{}) {
		return list, true
	}
	list.Click, possible = l.ring.Open(q.ClickID)
	return list, possible
}

func (l *lister) notes(ctx context.Context, q *ListQuestion, rows int) ([]string, error) {
	notes := append([]string{}, l.names.missing(q.Where)...)
	if rows == 0 && len(notes) == 0 && q.After == nil {
		notes = append(notes, "Nothing in the range fits.")
	}
	if !q.named() {
		notes = append(notes, demoNotes(l.names.view, l.scope, q.Where)...)
	}
	if rows > 0 && q.named() { // what was asked for is there
		return notes, nil
	}
	gaps, err := l.gaps(ctx, q)
	return append(notes, gaps...), err
}
