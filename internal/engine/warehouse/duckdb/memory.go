package duckdb

import (
	"context"
	"fmt"
	"math"
	"sync"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/statement"
)

// memory is what is remembered of the file. It is read once the child is up,
// and again after a write whose end is not known. Its fields are guarded by
// Warehouse.writing, but for holdings and lost, which never change.
type memory struct {
	since    homing.Millis // of the child whose file it was read from
	holdings statement.Holdings
	lost     losses
	sealed   map[warehouse.Day]bool // days that were sealed, and whether their seal stands
	erased   erased

	newest  homing.ConversionID // no conversion has a larger number
	unknown int64               // conversions whose click was not there, give or take
	day     warehouse.Day       // the newest with clicks that visitors were kept of
	merging merging
}

// forget makes the next call read the memory again.
func (w *Warehouse) forget() { w.memory.Store(nil) }

// remember is the memory; it reads it if need be, and makes or brings up to
// date the tables before.
func (w *Warehouse) remember(ctx context.Context) (*memory, error) {
	if m := w.memory.Load(); m != nil && m.since == w.child.Status().Since {
		return m, nil
	}
	if err := w.writing.take(ctx); err != nil {
		return nil, err
	}
	defer w.writing.give()
	return w.rememberNow(ctx)
}

// rememberNow is remember for who holds writing.
func (w *Warehouse) rememberNow(ctx context.Context) (*memory, error) {
	since := w.child.Status().Since
	if m := w.memory.Load(); m != nil && m.since == since {
		return m, nil
	}
	if w.restoring.Load() {
		return nil, fmt.Errorf("the warehouse is being made anew from its sealed days: %w", homing.ErrUnavailable)
	}
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	m, err := readMemory(ctx, w.child)
	if err != nil {
		return nil, fmt.Errorf("couldn't read how the warehouse stands: %w", err)
	}
	m.since = since
	w.losses.Store(m.lost.text(m.holdings))
	w.memory.Store(m)
	return m, nil
}

// prepare makes the tables of a new file, or has one whose days are sealed made
// from them.
func (w *Warehouse) prepare(ctx context.Context) error {
	empty, err := checkSchema(ctx, w.child)
	if err != nil {
		return err
	}
	if !empty {
		if err := addSettled(ctx, w.child); err != nil {
			return err
		}
		return addMissing(ctx, w.child)
	}
	if w.archive.empty() {
		return makeSchema(ctx, w.child)
	}
	if w.ctx.Err() == nil && w.restoring.CompareAndSwap(false, true) {
		w.log.Warn("the warehouse's file is missing; it is made anew from the sealed days")
		w.background.Go(w.restore)
	}
	return fmt.Errorf("the warehouse is being made anew from its sealed days: %w", homing.ErrUnavailable)
}

// checkSchema refuses the file of a newer version. A file without tables is
// empty.
func checkSchema(ctx context.Context, p *process.Process) (empty bool, err error) {
	count, err := number(ctx, p, `SELECT count(*) FROM duckdb_tables() WHERE table_name = 'about'`)
	if err != nil || count == 0 {
		return err == nil, err
	}
	schema, err := number(ctx, p, `SELECT max("schema") FROM about`)
	switch {
	case err != nil:
		return false, err
	case schema > version:
		return false, fmt.Errorf("the warehouse has schema %d, this program knows %d: %w", schema, version, homing.ErrNewer)
	case schema == 0:
		return true, nil
	}
	return false, nil
}

// makeSchema makes all tables in one transaction.
func makeSchema(ctx context.Context, p *process.Process) error {
	var steps []process.Step
	for _, t := range tables {
		steps = append(steps, process.Step{SQL: t.create()})
	}
	steps = append(steps, settleAll, process.Step{SQL: fmt.Sprintf("INSERT INTO about VALUES (%d)", version)})
	if _, err := p.Write(ctx, steps...); err != nil {
		return fmt.Errorf("couldn't make the warehouse's tables: %w", err)
	}
	return nil
}

func readMemory(ctx context.Context, p *process.Process) (*memory, error) {
	m := &memory{sealed: map[warehouse.Day]bool{}, merging: newMerging()}
	err := each(ctx, p, func(r *process.Rows) {
		for t := range m.holdings {
			if rawTables[t].name == r.Text(0) {
				m.holdings[t] = max(m.holdings[t], warehouse.Day(r.Int(1)))
			}
		}
	}, `SELECT name, day FROM dropped`)
	if err != nil {
		return nil, err
	}
	if m.lost, err = readLosses(ctx, p); err != nil {
		return nil, err
	}
	if err := each(ctx, p, func(r *process.Rows) { m.sealed[warehouse.Day(r.Int(0))] = r.Int(1) == 1 }, `SELECT day, stands FROM sealed`); err != nil {
		return nil, err
	}
	err = each(ctx, p, func(r *process.Rows) { m.erased.add(readErasure(r)) },
		`SELECT account, "at", node, seq, campaign FROM erasures`)
	if err != nil {
		return nil, err
	}
	err = each(ctx, p, func(r *process.Rows) {
		m.newest, m.unknown, m.day = homing.ConversionID(r.Int(0)), r.Int(1), warehouse.Day(r.Int(2))
	}, `SELECT (SELECT coalesce(max(id), 0) FROM conversions), (SELECT count(*) FROM conversions WHERE known = 0),
		(SELECT coalesce(max(day), ?) FROM visitors)`, int64(math.MinInt32))
	return m, err
}

// number is the one whole number that a statement returns, 0 for NULL.
func number(ctx context.Context, p *process.Process, sql string, args ...any) (n int64, err error) {
	err = each(ctx, p, func(r *process.Rows) { n = r.Int(0) }, sql, args...)
	return n, err
}

// each calls visit for every row.
func each(ctx context.Context, p *process.Process, visit func(*process.Rows), sql string, args ...any) error {
	rows, err := p.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		visit(rows)
	}
	return rows.Err()
}

// touches counts the writes that may have brought rows of a day. It is safe for
// concurrent use.
type touches struct {
	mu     sync.Mutex
	counts map[warehouse.Day]int // guarded by mu
}

func (t *touches) of(day warehouse.Day) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[day]
}

func (t *touches) touch(days map[warehouse.Day]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for day := range days {
		t.counts[day]++
	}
}
