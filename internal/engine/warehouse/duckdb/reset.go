package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// Reset implements warehouse.Keeper.
//
// A second child makes warehouse-new.duckdb while the first goes on answering,
// if it can; a crash leaves the old file as it was. Before, days of the first one
// that are over are sealed, unless their seals are sound: what is in the archive
// is what the new file has. Then the first child is
// ended, the files change places, and it is started again. A crash between the
// two renames leaves no file: the next start finds only the sealed days, and
// does the same.
func (w *Warehouse) Reset(ctx context.Context, progress warehouse.Progress) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	w.rebuilding.Store(true)
	defer w.rebuilding.Store(false)
	if err := w.rebuild(ctx, progress); err != nil {
		return fmt.Errorf("couldn't make the warehouse anew: %w", err)
	}
	return nil
}

// restorePause is how long after a failure a missing file is made again.
const restorePause = 10 * time.Second

// restore makes a file that is missing, until it stands or Close begins.
func (w *Warehouse) restore() {
	for w.ctx.Err() == nil {
		err := w.Reset(w.ctx, nil)
		if err == nil {
			return
		}
		w.log.Error("the warehouse could not be made from its sealed days; this is tried again", "error", err)
		select {
		case <-w.ctx.Done():
		case <-time.After(restorePause):
		}
	}
}

func (w *Warehouse) rebuild(ctx context.Context, progress warehouse.Progress) error {
	if err := removeNew(&w.options); err != nil {
		return err
	}
	now, err := w.secure(ctx, progress)
	if err != nil {
		return err
	}
	builder := process.Start(w.options.process(w.options.newPath(), "scratch-new"))
	err = w.fill(ctx, builder, &now, progress)
	if err = errors.Join(err, builder.Close()); err != nil {
		err = errors.Join(err, removeNew(&w.options))
		if errors.Is(err, homing.ErrDamaged) {
			// The new file's, of a child that died while it made it; sealed files
			// that are damaged are passed over. Not wrapped: nothing is damaged.
			return fmt.Errorf("%w: %s", homing.ErrUnavailable, err)
		}
		return err
	}
	if err := w.writing.take(ctx); err != nil {
		return err
	}
	defer w.writing.give()
	w.forget()
	progress("changing over", 0, 0)
	empty := w.restoring.Load()
	if err := w.child.Restart(ctx, func() error { return w.swap(empty) }); err != nil {
		return err
	}
	w.restoring.Store(false)
	if err := w.child.Ready(ctx); err != nil {
		return err
	}
	m, err := w.rememberNow(ctx)
	if err != nil {
		return err
	}
	return w.thinOut(now.readable && len(m.lost.list) == 0)
}

// fill makes a whole database of the sealed days.
func (w *Warehouse) fill(ctx context.Context, builder *process.Process, now *present, progress warehouse.Progress) error {
	if err := builder.Ready(ctx); err != nil {
		return err
	}
	if err := makeSchema(ctx, builder); err != nil {
		return err
	}
	if err := w.bringOver(ctx, builder, now); err != nil {
		return err
	}
	if err := w.adopt(ctx, builder); err != nil {
		return err
	}
	days := w.archive.days()
	dropped := map[warehouse.Table]warehouse.Day{}
	for i, day := range days {
		progress("sealed days", int64(i), int64(len(days)))
		m := w.archive.find(day)
		for t, raw := range rawTables[:warehouse.ConversionTable] {
			if _, ok := m.Files[raw.name]; !ok {
				dropped[warehouse.Table(t)] = day + 1
			}
		}
		if err := w.fillDay(ctx, builder, m); err != nil {
			return fmt.Errorf("%s: %w", day, err)
		}
	}
	progress("sealed days", int64(len(days)), int64(len(days)))
	for t, before := range dropped {
		_, err := builder.Write(ctx, process.Step{SQL: `INSERT INTO dropped SELECT ?, ?::BIGINT`, Args: []any{rawTables[t].name, int64(before)}})
		if err != nil {
			return err
		}
	}
	if _, err := builder.Write(ctx, process.Step{SQL: `DELETE FROM settled`}, settleAll); err != nil {
		return err
	}
	if _, err := builder.Write(ctx, process.Step{SQL: `CHECKPOINT`, Alone: true}); err != nil {
		return err
	}
	return now.compare(ctx, builder, w.today())
}

// bringOver takes over what only the present file tells, if it can be read.
func (w *Warehouse) bringOver(ctx context.Context, builder *process.Process, now *present) error {
	if !now.readable {
		return nil
	}
	err := w.keepErasures(ctx, builder)
	if err == nil {
		err = w.takeOver(ctx, builder)
	}
	if errors.Is(err, homing.ErrDamaged) && builder.Damage() == "" {
		w.log.Warn("the warehouse's file is damaged; what was given up, lost or erased is not taken over from it", "error", err)
		*now = present{}
		return nil
	}
	return err
}

// keepErasures takes over what was erased, so that what is loaded again is
// blank from the first moment. If the old file cannot be read that waits until
// the loader, which begins anew, erases again.
func (w *Warehouse) keepErasures(ctx context.Context, builder *process.Process) error {
	sheet := newSheet(erasures)
	err := each(ctx, w.child, func(r *process.Rows) {
		for i := range erasures.fields {
			sheet.int(r.Int(i))
		}
	}, `SELECT `+erasures.columns()+` FROM erasures`)
	if err != nil {
		return err
	}
	_, err = builder.Write(ctx, sheet.steps()...)
	return err
}

// fillDay takes a sealed day in. A damaged file is told of and left out; then
// the day's totals are worked out from the rows there are, its seal does not
// stand, so that what the spool still has is loaded again, and the rows are
// missing until somebody says what has become of them.
func (w *Warehouse) fillDay(ctx context.Context, builder *process.Process, m *manifest) error {
	whole := true
	var steps []process.Step
	for _, t := range []table{clicks, postbacks} {
		f, ok := m.Files[t.name]
		switch {
		case ok && w.isIntact(f):
			steps = append(steps, w.readStep(t, f))
		case ok:
			whole = false
			steps = append(steps, missingStep(t.name, m.day, m.day+1, awaited))
		}
	}
	f, ok := m.Files[totals.name]
	hasTotals := ok && w.isIntact(f)
	switch {
	case hasTotals && (whole || !m.hasRows()):
		steps = append(steps, w.readStep(totals, f))
	case m.hasRows():
		steps = append(steps, process.Step{SQL: `INSERT INTO totals ` + dayTotals(m.day)})
	}
	for _, t := range []table{clicks, postbacks} {
		_, hasRows := m.Files[t.name]
		switch isLost := slices.Contains(m.Lost, t.name); {
		case isLost && hasTotals && whole:
			steps = append(steps, missingStep(t.name, m.day, m.day+1, lostInRows))
		case isLost || !hasRows && !hasTotals:
			steps = append(steps, missingStep(t.name, m.day, m.day+1, lost))
		}
	}
	if m.hasRows() {
		steps = append(steps, sealedSteps(m.day, whole && hasTotals && len(m.Through) > 0)...)
	}
	_, err := builder.Write(ctx, steps...)
	return err
}

// isIntact tells of a file that is not what was sealed.
func (w *Warehouse) isIntact(f file) bool {
	err := w.archive.check(f)
	if err != nil {
		w.archive.complain(f.Name, err)
	}
	return err == nil
}

func (w *Warehouse) readStep(t table, f file) process.Step {
	return process.Step{SQL: `INSERT INTO ` + t.name + ` SELECT ` + t.columns() +
		` FROM read_parquet(` + literal(w.archive.path(f.Name)) + `)` + storedOrder[t.name]}
}

// storedOrder is the order in which rows are stored.
var storedOrder = map[string]string{
	clicks.name:    fmt.Sprintf(` ORDER BY (row_number() OVER (ORDER BY "at", node, seq) - 1) // %d, campaign, "at", node, seq`, blockRows),
	postbacks.name: ` ORDER BY "at", number`,
	totals.name:    ` ORDER BY quarter, kind, campaign`,
}

// keptAside is how many files that were put aside stay while rows are missing,
// the last one aside.
const keptAside = 3

// thinOut removes what earlier Resets have put aside. If the new file has all
// that there was, only the last stays; else the first ones as well, of before
// the loss, from which somebody may still get what the new one does not have.
func (w *Warehouse) thinOut(whole bool) error {
	old, err := filepath.Glob(filepath.Join(w.options.Dir, fileName+".old-*"))
	if err != nil {
		return err
	}
	old = slices.DeleteFunc(old, func(name string) bool { return strings.HasSuffix(name, ".wal") })
	slices.Sort(old) // by time
	for i, name := range old {
		if i == len(old)-1 || !whole && i < keptAside {
			continue
		}
		if err := errors.Join(os.RemoveAll(name), removeFile(name+".wal")); err != nil {
			return err
		}
	}
	return nil
}

// swap puts the new file in the place of the old one, which is put aside with
// DuckDB's log beside it. An empty one, made because there was none, is removed.
func (w *Warehouse) swap(empty bool) error {
	path := w.options.path()
	if err := putAside(path, w.options.Clock(), empty); err != nil {
		return err
	}
	// Its log is gone: the builder ended in order.
	if err := os.Rename(w.options.newPath(), path); err != nil {
		return err
	}
	return syncFile(w.options.Dir)
}

func putAside(path string, now time.Time, empty bool) error {
	if empty {
		return errors.Join(removeFile(path+".wal"), removeFile(path))
	}
	stamp := now.UnixMilli()
	aside := func() string { return path + ".old-" + strconv.FormatInt(stamp, 10) }
	for _, err := os.Lstat(aside()); err == nil; _, err = os.Lstat(aside()) {
		stamp++ // a clock that was set back must not write over what was put aside before
	}
	for _, part := range []string{".wal", ""} {
		if err := os.Rename(path+part, aside()+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func removeNew(o *Options) error {
	return errors.Join(removeFile(o.newPath()), removeFile(o.newPath()+".wal"))
}
