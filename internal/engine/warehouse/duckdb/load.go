package duckdb

import (
	"context"
	"errors"
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// sheets are the columns of a batch, and the memory to build the next one in.
type sheets struct {
	postbacks, conversions, totals, visitors *sheet

	clicks   []*sheet // one for each block
	blocks   int      // of them that are in use
	uniques  uniques
	partials [1 + counters]*partials // of postbacks, and of some parts of the clicks
	order    []int32
	stored   []int32 // clicks of the batch as they are stored, block by block
	unique   []bool  // by click of the batch
}

// counters is how many goroutines sum clicks up.
const counters = 2

func newSheets() *sheets {
	s := &sheets{postbacks: newSheet(postbacks), conversions: newSheet(conversions),
		totals: newSheet(totals), visitors: newSheet(visitors)}
	for i := range s.partials {
		s.partials[i] = newPartials()
	}
	return s
}

func (s *sheets) clear() {
	for _, sheet := range append([]*sheet{s.postbacks, s.conversions, s.totals, s.visitors}, s.clicks...) {
		sheet.clear()
	}
	for _, p := range s.partials {
		p.clear()
	}
	s.blocks = 0
}

// block is an empty sheet for the next block of clicks.
func (s *sheets) block() *sheet {
	if s.blocks == len(s.clicks) {
		s.clicks = append(s.clicks, newSheet(clicks))
	}
	s.blocks++
	return s.clicks[s.blocks-1]
}

// steps append the clicks, in one step so that DuckDB takes in several blocks at
// a time, and the rest.
func (s *sheets) steps() (steps []process.Step) {
	if s.blocks > 0 {
		step := process.Step{Into: clicks.name, Columns: s.clicks[0].columns}
		for _, block := range s.clicks[1:s.blocks] {
			step.Then = append(step.Then, block.columns)
		}
		steps = append(steps, step)
	}
	for _, sheet := range []*sheet{s.postbacks, s.conversions, s.totals, s.visitors} {
		steps = append(steps, sheet.steps()...)
	}
	return steps
}

// Load implements warehouse.Sink.
//
// A batch is looked at against what is stored, built into columns, and written
// in one transaction that begins with moving the mark. If the child dies before
// its answer, nobody knows whether the transaction is in; the caller gets
// homing.ErrUnavailable, loads the same batch again, and the mark tells.
func (w *Warehouse) Load(ctx context.Context, b *warehouse.Batch) error {
	if err := w.writing.take(ctx); err != nil {
		return err
	}
	defer w.writing.give()
	m, err := w.rememberNow(ctx)
	if err != nil {
		return err
	}
	mark, err := readMark(ctx, w.child, b.Source)
	if err != nil {
		return fmt.Errorf("couldn't load: %w", err)
	}
	if done, err := follows(b, mark); done || err != nil {
		return err
	}
	l := &loading{w: w, memory: m, batch: b, sheets: w.batch}
	if err := l.build(ctx); err != nil {
		return fmt.Errorf("couldn't load %s %d to %d: %w", b.Source, b.First, b.Next, err)
	}
	if err := w.commit(ctx, l, mark); err != nil {
		return fmt.Errorf("couldn't load %s %d to %d: %w", b.Source, b.First, b.Next, err)
	}
	w.tidy(ctx, m)
	return nil
}

// follows tells whether the batch was loaded before, or does not follow on.
func follows(b *warehouse.Batch, mark warehouse.Mark) (done bool, err error) {
	switch {
	case b.Next <= mark.Next:
		return true, nil
	case b.First != mark.Next:
		return false, fmt.Errorf("couldn't load %s %d to %d: it has been loaded to %d: %w",
			b.Source, b.First, b.Next, mark.Next, homing.ErrConflict)
	}
	return false, nil
}

// commit writes what was built. From here on the memory is behind the file,
// until the write is known to have ended well.
func (w *Warehouse) commit(ctx context.Context, l *loading, mark warehouse.Mark) error {
	w.forget()
	w.touches.touch(l.days)
	if _, err := w.child.Write(ctx, l.steps(mark)...); err != nil {
		if errors.Is(err, homing.ErrConflict) {
			// Another one than us has moved the mark: not possible while the
			// child has one parent, but then the caller asks for the mark.
			return fmt.Errorf("the mark was moved: %w", err)
		}
		return err
	}
	l.note()
	w.memory.Store(l.memory)
	return nil
}

// readMark reads how far a source has been loaded.
func readMark(ctx context.Context, p *process.Process, source string) (mark warehouse.Mark, err error) {
	err = each(ctx, p, func(r *process.Rows) {
		mark.Next = uint64(r.Int(0))
		if state := r.Text(1); state != "" {
			mark.State = []byte(state)
		}
	}, `SELECT next, state FROM marks WHERE source = ?`, source)
	if err != nil {
		return warehouse.Mark{}, fmt.Errorf("couldn't read the mark of %s: %w", source, err)
	}
	return mark, nil
}

// Mark implements warehouse.Sink.
func (w *Warehouse) Mark(ctx context.Context, source string) (warehouse.Mark, error) {
	if _, err := w.remember(ctx); err != nil {
		return warehouse.Mark{}, err
	}
	return readMark(ctx, w.child, source)
}

var one = int64(1)

// moveMark moves a source's mark, if it is where it was read.
func moveMark(b *warehouse.Batch, mark warehouse.Mark) process.Step {
	state := b.State
	if state == nil {
		state = []byte{}
	}
	if mark.Next == 0 {
		return process.Step{SQL: `INSERT INTO marks SELECT ?, ?::BIGINT, ?::BLOB
			WHERE NOT EXISTS (SELECT 1 FROM marks WHERE source = ?)`,
			Args: []any{b.Source, int64(b.Next), state, b.Source}, Expect: &one}
	}
	return process.Step{SQL: `UPDATE marks SET next = ?, state = ? WHERE source = ? AND next = ?`,
		Args: []any{int64(b.Next), state, b.Source, int64(mark.Next)}, Expect: &one}
}
