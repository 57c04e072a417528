package report

import (
	"context"
	"fmt"
	"io"
	"slices"

	"homing/internal/engine/warehouse"
)

// tell is after how many rows the progress is told.
const tell = 1000

// Export writes the rows that Report would show, in the same columns and the same
// order; all of them, unless the question has a limit. There is no line for total
// or rest. Rows are held in memory a few at a time. progress may be nil.
//
// What has been written when an error comes is no whole file.
func (e *Engine) Export(ctx context.Context, scope Scope, q *Question, f Format, w io.Writer, progress Progress) error {
	p, err := e.plan(scope, q)
	if err != nil {
		return err
	}
	out, err := e.newExport(ctx, f, w, p.columns, progress)
	if err != nil {
		return err
	}
	return out.finish(e.exportRows(ctx, p, out))
}

// export is a file that is being written.
type export struct {
	ctx      context.Context
	sheet    sheet
	rows     int64
	progress Progress
}

func (e *Engine) newExport(ctx context.Context, f Format, w io.Writer, columns []Column, progress Progress) (*export, error) {
	if progress == nil {
		progress = func(int64) {}
	}
	s, err := newSheet(f, w, columns)
	return &export{ctx: ctx, sheet: s, progress: progress}, err
}

func (x *export) write(cells []Cell) error {
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if err := x.sheet.write(cells); err != nil {
		return fmt.Errorf("row %d: %w", x.rows+1, err)
	}
	x.rows++
	if x.rows%tell == 0 {
		x.progress(x.rows)
	}
	return nil
}

// finish ends the file, if nothing went wrong so far.
func (x *export) finish(err error) error {
	if err == nil {
		err = x.sheet.close()
	}
	if err != nil {
		return fmt.Errorf("couldn't export: %w", err)
	}
	x.progress(x.rows)
	return nil
}

func (e *Engine) exportRows(ctx context.Context, p *plan, out *export) error {
	if p.question.Fill || len(p.question.By) == 0 {
		return e.exportTable(ctx, p, out) // a few thousand rows at most
	}
	query := p.query
	query.Limit = p.question.Limit
	var waiting []warehouse.Row // for their other range
	for row, err := range e.Warehouse.Stream(ctx, &query) {
		if err != nil {
			return err
		}
		if p.question.Compare == "" {
			if err := out.write(p.line(row.Keys, &row.Measures, nil).Cells); err != nil {
				return err
			}
			continue
		}
		row.Keys = slices.Clone(row.Keys) // the stream may use them again
		if waiting = append(waiting, row); len(waiting) == p.waits() {
			if err := e.exportCompared(ctx, p, waiting, out); err != nil {
				return err
			}
			waiting = waiting[:0]
		}
	}
	return e.exportCompared(ctx, p, waiting, out)
}

// waits is how many rows wait until the other range is asked.
func (p *plan) waits() int {
	if p.other.all {
		return MaxBuckets
	}
	return p.groups()
}

func (e *Engine) exportCompared(ctx context.Context, p *plan, rows []warehouse.Row, out *export) error {
	if len(rows) == 0 {
		return nil
	}
	bs, err := e.compare(ctx, p, rows)
	if err != nil {
		return err
	}
	return writeRows(p, rows, bs, out)
}

func (e *Engine) exportTable(ctx context.Context, p *plan, out *export) error {
	_, rows, bs, err := e.rows(ctx, p)
	if err != nil {
		return err
	}
	return writeRows(p, rows, bs, out)
}

func writeRows(p *plan, rows []warehouse.Row, bs befores, out *export) error {
	for i := range rows {
		if err := out.write(p.line(rows[i].Keys, &rows[i].Measures, bs.of(i)).Cells); err != nil {
			return err
		}
	}
	return nil
}

// WriteCSV writes the rows as Export does.
func (t *Table) WriteCSV(w io.Writer) error {
	s, err := newCSV(w, t.Columns)
	if err != nil {
		return err
	}
	for i := range t.Rows {
		if err := s.write(t.Rows[i].Cells); err != nil {
			return err
		}
	}
	return s.close()
}
