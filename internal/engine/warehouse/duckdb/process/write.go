package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// Step is a part of a Write: a statement, or columns to append to a table.
type Step struct {
	SQL  string
	Args []any

	// Into is the table to append to, if Columns are given: "table",
	// "catalog.table" or "catalog.schema.table". Columns that are not given get
	// their default.
	Into    string
	Columns []Column
	// Then are more rows of the same columns.
	Then [][]Column
	// Alone steps are run outside of a transaction (CHECKPOINT, ATTACH, COPY).
	// They cannot be in one Write with others.
	Alone bool
	// Expect makes the whole Write fail with homing.ErrConflict, and change
	// nothing, unless the statement changes or returns that many rows; nil = any.
	Expect *int64
}

// Column is one column to append, all of one length.
type Column struct {
	Name  string
	Ints  []int64 // for columns of whole numbers of any width, and BOOLEAN
	Texts *Texts  // for VARCHAR, which must be UTF-8, and BLOB
}

// Texts are many texts in one piece.
type Texts struct {
	Data []byte
	Ends []uint32 // where each ends in Data
}

// Add appends a text.
func (t *Texts) Add(s string) {
	t.Data = append(t.Data, s...)
	t.Ends = append(t.Ends, uint32(len(t.Data)))
}

// AddBytes appends a text.
func (t *Texts) AddBytes(s []byte) {
	t.Data = append(t.Data, s...)
	t.Ends = append(t.Ends, uint32(len(t.Data)))
}

// Reset makes it empty, and keeps its memory.
func (t *Texts) Reset() { t.Data, t.Ends = t.Data[:0], t.Ends[:0] }

// Len is how many there are.
func (t *Texts) Len() int { return len(t.Ends) }

// Write carries out the steps in one transaction, durably, and tells how many
// rows each changed, or returned. Writes are carried out one after another.
// The columns must not change before it returns.
//
// Appending 122,880 rows at a time, or a multiple, is the cheapest: DuckDB puts
// a whole row group into its file at once, without its log. Some more than that
// is dearer, as the rest has to be put together with the next later.
//
// After homing.ErrUnavailable, and after ctx was done, it is not known whether
// the steps were carried out; if they were, all of them were. After any other
// error nothing was.
func (p *Process) Write(ctx context.Context, steps ...Step) ([]int64, error) {
	if err := check(steps); err != nil {
		return nil, err
	}
	if _, err := p.present(); err != nil {
		return nil, err
	}
	select {
	case p.writing <- struct{}{}:
	case <-p.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := p.present()
	if err != nil {
		<-p.writing
		return nil, err
	}
	b := wire.NewBody()
	b.PutByte(0)
	if len(steps) > 0 && steps[0].Alone {
		b = wire.NewBody()
		b.PutByte(1)
	}
	c, err := s.ask(ctx, wire.Begin, b, func() { <-p.writing })
	if err != nil {
		return nil, err
	}
	w := &writing{process: p, call: c, ctx: ctx, changed: make([]int64, len(steps))}
	err = w.carryOut(steps)
	p.noteWrite(err)
	if err != nil {
		return nil, err
	}
	return w.changed, nil
}

// check finds what is wrong with steps without asking the child.
func check(steps []Step) error {
	for i := range steps {
		s := &steps[i]
		if s.Alone != steps[0].Alone {
			return fmt.Errorf("%w: steps that are alone are no part of a transaction", homing.ErrInvalid)
		}
		if s.Into == "" {
			continue
		}
		if len(s.Columns) == 0 || s.SQL != "" {
			return fmt.Errorf("%w: a step is a statement, or columns to append", homing.ErrInvalid)
		}
		rows := s.Columns[0].rows()
		if err := s.even(s.Columns); err != nil {
			return err
		}
		for _, columns := range s.Then {
			if len(columns) != len(s.Columns) {
				return fmt.Errorf("%w: rows of %d columns for %s after those of %d", homing.ErrInvalid, len(columns), s.Into, len(s.Columns))
			}
			if err := s.even(columns); err != nil {
				return err
			}
			rows += columns[0].rows()
		}
		if s.Expect != nil && *s.Expect != int64(rows) {
			return fmt.Errorf("%w: %d rows where %d were expected", homing.ErrConflict, rows, *s.Expect)
		}
	}
	return nil
}

// even finds columns that are not of one length.
func (s *Step) even(columns []Column) error {
	for _, c := range columns {
		if rows := columns[0].rows(); c.rows() != rows {
			return fmt.Errorf("%w: column %s of %s has %d rows, %s has %d", homing.ErrInvalid, c.Name, s.Into, c.rows(), columns[0].Name, rows)
		}
	}
	return nil
}

func (c *Column) rows() int {
	if c.Texts != nil {
		return len(c.Texts.Ends)
	}
	return len(c.Ints)
}

// noteWrite keeps in Status what keeps rows from being written while the child
// itself is well: a full disk.
func (p *Process) noteWrite(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.session == nil: // the child's end is told by itself
	case err == nil && p.record.trouble != "":
		p.record.over(p.now())
	case errors.Is(err, homing.ErrUnavailable), errors.Is(err, homing.ErrDamaged):
		p.record.begin(err.Error(), p.now())
	}
}

// writing is a Write under way.
type writing struct {
	process *Process
	call    *call
	ctx     context.Context
	changed []int64
	pending []int // the steps whose Done has not come, oldest first
}

func (w *writing) carryOut(steps []Step) error {
	for i := range steps {
		if err := w.step(i, &steps[i]); err != nil {
			return w.giveUp(err)
		}
	}
	if err := w.call.send(w.ctx, wire.Commit, nil); err != nil {
		return w.giveUp(err)
	}
	for {
		committed, err := w.hear(w.ctx)
		if err != nil {
			return w.giveUp(err)
		}
		if committed {
			return nil
		}
	}
}

func (w *writing) step(i int, s *Step) error {
	if s.Into != "" {
		return w.append(i, s)
	}
	b := wire.NewBody()
	b.PutText(s.SQL)
	if err := b.PutArgs(s.Args); err != nil {
		return fmt.Errorf("%w: %w", homing.ErrInvalid, err)
	}
	expect := int64(-1)
	if s.Expect != nil {
		expect = *s.Expect
	}
	b.PutInt(expect)
	return w.send(i, wire.Statement, b)
}

// send sends a piece, when there is room for it in the window.
func (w *writing) send(step int, kind wire.Kind, b *wire.Body) error {
	if b.Len() > wire.MaxFrame {
		return fmt.Errorf("%w: %w", homing.ErrInvalid, wire.ErrLong)
	}
	for len(w.pending) >= wire.Window {
		if _, err := w.hear(w.ctx); err != nil {
			return err
		}
	}
	w.pending = append(w.pending, step)
	return w.call.send(w.ctx, kind, b)
}

// fault is an answer of the child: nothing was changed, and nothing more comes.
type fault struct{ error }

func (f fault) Unwrap() error { return f.error }

// hear takes the next answer in, and tells whether it was that of Commit.
func (w *writing) hear(ctx context.Context) (committed bool, err error) {
	f, err := w.call.wait(ctx)
	if err != nil {
		return false, err
	}
	defer f.Release()
	switch {
	case f.Kind == wire.Committed:
		return true, nil
	case f.Kind == wire.Fail:
		return false, fault{w.process.asError(w.call.session, f.Body.Fault())}
	case f.Kind == wire.Done && len(w.pending) > 0:
		w.changed[w.pending[0]] += f.Body.Int()
		w.pending = w.pending[1:]
		return false, nil
	}
	return false, fmt.Errorf("%w: the warehouse process gave an answer to another question", homing.ErrUnavailable)
}

// giveUpPatience is how long a Write that was given up waits to hear what has
// become of it.
const giveUpPatience = time.Second

// giveUp ends a Write that cannot go on. Mostly it still hears that all was
// rolled back, or that it was too late for that.
func (w *writing) giveUp(err error) error {
	if f := (fault{}); errors.As(err, &f) {
		return f.error
	}
	w.call.cancel()
	ctx, stop := context.WithTimeout(context.Background(), giveUpPatience)
	defer stop()
	for {
		committed, heard := w.hear(ctx)
		if committed {
			return nil
		}
		if heard != nil {
			return err
		}
	}
}
