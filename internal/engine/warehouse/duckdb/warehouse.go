// Package duckdb is the warehouse of one machine: a DuckDB file, opened by a
// child process.
//
//	Load  ──► columns ──► process ──► rows, totals and mark in one transaction
//	Ask   ──► package statement ──► process ──► rows
//	Seal  ──► archive/clicks-2026-11-22.parquet … ──► verified ──► manifest
//	Reset ──► a second child fills warehouse-new.duckdb from the archive ──► swap
//
// The directory holds
//
//	warehouse.duckdb, .wal         the file, and DuckDB's log of what is not in it yet
//	warehouse.duckdb.old-1764000000000   what Reset put aside, the last one only
//	warehouse-new.duckdb           what Reset is making; worth nothing after a crash
//	archive/                       the seals, see manifest
//	scratch/                       what does not fit memory
//
// What this package remembers between calls (package memory) it has read from
// the file, and reads again when it does not know how a write ended.
package duckdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// Options say where a warehouse lives and what it may use. Only Dir and Clock
// are needed.
type Options struct {
	// Dir is made if it is missing.
	Dir string
	// Archive is where sealed days are kept; Dir/archive by default.
	Archive string
	// The rest is the child's, see process.Options.
	Command []string
	Memory  int64
	Threads int
	Silence time.Duration
	Clock   homing.Clock
	Log     *slog.Logger // nobody by default
}

// Warehouse is a warehouse.Warehouse in a DuckDB file.
type Warehouse struct {
	options Options
	log     *slog.Logger
	child   *process.Process
	archive *archive

	// writing is held by whatever writes rows, from its first look at them to
	// its commit; keeping by Seal, Drop, Erase and Reset, one after another, and
	// always taken first.
	writing, keeping turn

	memory    atomic.Pointer[memory] // nil: to be read
	batch     *sheets                // guarded by writing
	touches   touches
	settler   *settler
	losses    atomic.Value // text: what is lost, see Status
	restoring atomic.Bool  // no questions: the file is being made from the archive
	// rebuilding: a Reset is under way.
	rebuilding atomic.Bool

	background sync.WaitGroup
	ctx        context.Context // ends when Close begins
	end        context.CancelFunc
}

var _ warehouse.Warehouse = (*Warehouse)(nil)

const fileName = "warehouse.duckdb"

func (o *Options) path() string    { return filepath.Join(o.Dir, fileName) }
func (o *Options) newPath() string { return filepath.Join(o.Dir, "warehouse-new.duckdb") }

// reserve is how many statements of loading and keeping may read while reports
// take all places.
const reserve = 2

// process is what a child needs to know to open the file.
func (o *Options) process(path, scratch string) process.Options {
	return process.Options{Command: o.Command, Path: path, Scratch: filepath.Join(o.Dir, scratch), Memory: o.Memory,
		Threads: o.Threads, Reserve: reserve, Silence: o.Silence, Clock: o.Clock, Log: o.Log}
}

// Open opens the warehouse. It does not wait for the child: until it is up,
// calls are answered with homing.ErrUnavailable.
func Open(o Options) (*Warehouse, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Archive == "" {
		o.Archive = filepath.Join(o.Dir, "archive")
	}
	for _, dir := range []string{o.Dir, o.Archive} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("couldn't open the warehouse: %w", err)
		}
	}
	var err error
	if o.Archive, err = filepath.Abs(o.Archive); err != nil {
		return nil, fmt.Errorf("couldn't open the warehouse: %w", err)
	}
	archive, err := openArchive(o.Archive, o.Log)
	if err != nil {
		return nil, fmt.Errorf("couldn't open the warehouse: %w", err)
	}
	if err := removeNew(&o); err != nil {
		return nil, fmt.Errorf("couldn't open the warehouse: %w", err)
	}
	w := &Warehouse{options: o, log: o.Log, archive: archive, writing: newTurn(), keeping: newTurn(), batch: newSheets(),
		touches: touches{counts: map[warehouse.Day]int{}}, settler: newSettler()}
	w.ctx, w.end = context.WithCancel(context.Background())
	w.child = process.Start(o.process(o.path(), "scratch"))
	w.background.Go(w.prepareAhead)
	w.background.Go(w.settleOn)
	w.background.Go(w.workIn)
	return w, nil
}

// prepareAhead has the file looked at as soon as the child is up, not only when
// the first question comes: it may have to be made anew.
func (w *Warehouse) prepareAhead() {
	if w.child.Ready(w.ctx) != nil {
		return
	}
	if _, err := w.remember(w.ctx); err != nil && !errors.Is(err, homing.ErrUnavailable) && w.ctx.Err() == nil {
		w.log.Error("the warehouse cannot be used", "error", err)
	}
}

// Close ends the child after what is under way, and releases everything.
func (w *Warehouse) Close() error {
	w.end()
	_ = w.writing.take(context.Background()) // from here on nobody begins anything behind the scenes
	w.writing.give()
	w.background.Wait()
	return w.child.Close()
}

// Status implements warehouse.Keeper.
func (w *Warehouse) Status() warehouse.Status {
	status := w.child.Status()
	status.Damage, status.Rebuilding = w.child.Damage(), w.rebuilding.Load() || w.restoring.Load()
	status.Bytes = w.archive.bytes()
	for _, name := range []string{w.options.path(), w.options.path() + ".wal"} {
		if info, err := os.Stat(name); err == nil {
			status.Bytes += info.Size()
		}
	}
	if status.Trouble == "" {
		status.Trouble = w.trouble()
	}
	return status
}

// trouble is what is wrong though the child is up.
func (w *Warehouse) trouble() string {
	if w.restoring.Load() {
		return "The warehouse is being made anew from its sealed days."
	}
	if damage := w.child.Damage(); damage != "" {
		return "The warehouse's file is damaged, which is mended by making it anew: " + damage
	}
	losses, _ := w.losses.Load().(string)
	return strings.TrimSpace(w.archive.trouble() + " " + losses)
}

// turn is a lock that can be waited for with a context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
