package duckdb

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// Clicks that come in loads of less than a block lie in the order they came, a
// campaign's all over. When enough of them have come they are settled: block by
// block they are read, deleted and appended in their new order, in one
// transaction with the mark that tells how far this has come. Rows are the same
// before and after, so a crash harms nothing, and answers do not change.
//
// Clicks that come later than their block stay where they are, and so do those
// before a load of whole blocks, which moves the mark by itself.

// settledBlocks is how many blocks are settled in a row. One more has come by
// then: the newest clicks may still get company.
const settledBlocks = 8

// longestPause is how long settling pauses at most, should the clock jump.
const longestPause = 10 * time.Second

// settler tells when clicks are to be settled. It is safe for concurrent use.
type settler struct {
	loose  atomic.Int64 // about how many lie behind the mark
	logged atomic.Int64 // about how many lie in DuckDB's log
	due    chan struct{}
	full   chan struct{} // the log is to be worked in
	rows   atomic.Int64  // of a block; fewer in tests
}

func newSettler() *settler {
	s := &settler{due: make(chan struct{}, 1), full: make(chan struct{}, 1)}
	s.rows.Store(blockRows)
	return s
}

// mostLogged is how many clicks of small loads lie in DuckDB's log before it is
// worked into the file. DuckDB does so by itself at 64 MB, which is three times
// as many: then a load waits for one and a half seconds, with this for less than
// one.
const mostLogged = 80_000

// note counts what was loaded.
func (s *settler) note(rows int, marked bool) {
	if marked {
		s.loose.Store(0)
	}
	if s.logged.Add(int64(rows)) >= mostLogged {
		s.logged.Store(0)
		select {
		case s.full <- struct{}{}:
		default:
		}
	}
	if s.loose.Add(int64(rows)) <= (settledBlocks+1)*s.rows.Load() {
		return
	}
	select {
	case s.due <- struct{}{}:
	default:
	}
}

// settleOn settles whenever it is time to, until Close begins.
func (w *Warehouse) settleOn() {
	if w.child.Ready(w.ctx) == nil {
		if _, err := w.remember(w.ctx); err == nil {
			_, _ = w.nextBlock(w.ctx) // counts what an earlier run has left; or the next one does
		}
	}
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.settler.due:
		}
		if err := w.settleBlocks(w.ctx); err != nil && !errors.Is(err, homing.ErrUnavailable) && w.ctx.Err() == nil {
			w.log.Warn("clicks could not be put into blocks; this is tried again", "error", err)
		}
	}
}

// workIn has the log worked into the file whenever it is time to.
func (w *Warehouse) workIn() {
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.settler.full:
		}
		// What fails is done by DuckDB itself before long, and told then.
		_, _ = w.child.Write(w.ctx, process.Step{SQL: `CHECKPOINT`, Alone: true})
	}
}

// settleBlocks settles all that is due, with pauses as long as the work, so that
// loads and questions come in between.
func (w *Warehouse) settleBlocks(ctx context.Context) error {
	sheet := newSheet(clicks)
	for range settledBlocks {
		began := w.options.Clock()
		whole, err := w.settleBlock(ctx, sheet)
		if errors.Is(err, homing.ErrConflict) {
			whole, err = true, nil // a load brought rows of the block, or moved the mark: look again
		}
		if err != nil || !whole {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(w.options.Clock().Sub(began), longestPause)):
		}
	}
	return nil
}

// settleBlock settles the clicks behind the mark, if there are those of a block.
// Seal, Drop, Erase and Reset wait meanwhile; loads go on, and are held up by the
// write only. A late click that comes before it makes the write fail.
func (w *Warehouse) settleBlock(ctx context.Context, sheet *sheet) (whole bool, err error) {
	if err := w.keeping.take(ctx); err != nil {
		return false, err
	}
	defer w.keeping.give()
	if _, err := w.remember(ctx); err != nil {
		return false, err
	}
	b, err := w.nextBlock(ctx)
	if err != nil || b == nil {
		return false, err
	}
	sheet.clear()
	err = each(ctx, w.child, sheet.copyRow,
		`SELECT `+clicks.columns()+` FROM clicks WHERE `+blockWhere+` ORDER BY campaign, "at", node, seq`, b.args()...)
	if err != nil {
		return false, err
	}
	rows := int64(sheet.rows)
	_, err = w.child.Write(ctx, append([]process.Step{
		{SQL: `UPDATE settled SET "at" = ?, number = ? WHERE "at" = ? AND number = ?`,
			Args: []any{int64(b.last.At), b.last.Number, int64(b.after.At), b.after.Number}, Expect: &one},
		{SQL: `DELETE FROM clicks WHERE ` + blockWhere, Args: b.args(), Expect: &rows},
	}, sheet.steps()...)...)
	if err != nil {
		return false, fmt.Errorf("couldn't put %d clicks into a block: %w", rows, err)
	}
	w.settler.loose.Add(-rows)
	return true, nil
}

// block is a stretch of clicks: those behind a place, up to another.
type block struct{ after, last warehouse.Cursor }

// blockWhere is the condition that args belong to.
const blockWhere = `"at" >= ? AND "at" <= ? AND ("at" > ? OR ` + placeNumber + ` > ?) AND ("at" < ? OR ` + placeNumber + ` <= ?)`

// placeNumber is Cursor.Number of a click.
const placeNumber = `(node::BIGINT * 65536 + seq)`

func (b *block) args() []any {
	after, last := int64(b.after.At), int64(b.last.At)
	return []any{after, last, after, b.after.Number, last, b.last.Number}
}

func (w *Warehouse) readPlace(ctx context.Context, sql string, args ...any) (at warehouse.Cursor, err error) {
	err = each(ctx, w.child, func(r *process.Rows) { at = warehouse.Cursor{At: homing.Millis(r.Int(0)), Number: r.Int(1)} }, sql, args...)
	return at, err
}

// nextBlock is the first block behind the mark, nil if there is no whole one.
func (w *Warehouse) nextBlock(ctx context.Context) (*block, error) {
	after, err := w.readPlace(ctx, `SELECT "at", number FROM settled`)
	if err != nil {
		return nil, err
	}
	from, size := int64(after.At), w.settler.rows.Load()
	loose, err := number(ctx, w.child, `SELECT count(*) FROM clicks WHERE "at" >= ? AND ("at" > ? OR `+placeNumber+` > ?)`, from, from, after.Number)
	if err != nil {
		return nil, err
	}
	w.settler.loose.Store(loose)
	if loose < 2*size {
		return nil, nil
	}
	last, err := w.readPlace(ctx, `SELECT "at", `+placeNumber+` FROM clicks WHERE "at" >= ? AND ("at" > ? OR `+placeNumber+` > ?)
		ORDER BY "at", node, seq LIMIT 1 OFFSET ?`, from, from, after.Number, size-1)
	if err != nil {
		return nil, err
	}
	return &block{after, last}, nil
}

// settleAll has the clicks there are lie as they lie.
var settleAll = process.Step{SQL: `INSERT INTO settled SELECT coalesce(max("at"), 0), coalesce(max` + placeNumber + `, 0) FROM clicks`}

// settleThrough moves the mark to a click, if it is not further already.
func settleThrough(c *warehouse.Click) process.Step {
	to := c.Place()
	at := int64(to.At)
	return process.Step{SQL: `UPDATE settled SET "at" = ?, number = ? WHERE "at" < ? OR "at" = ? AND number < ?`,
		Args: []any{at, to.Number, at, at, to.Number}}
}

// addSettled brings up to date the file of a program that knew no blocks.
func addSettled(ctx context.Context, p *process.Process) error {
	count, err := number(ctx, p, `SELECT count(*) FROM duckdb_tables() WHERE table_name = 'settled'`)
	if err != nil || count > 0 {
		return err
	}
	_, err = p.Write(ctx, process.Step{SQL: settled.create()}, settleAll)
	return err
}
