package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"homing"
	"homing/bench/show"
	"homing/bench/stage"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/flow/catalog"
	"homing/internal/flow/loader"
)

// caughtUp tells how fast the loader itself is: from records in a spool and a
// ledger, as the doors wrote them, to rows in a warehouse.
type caughtUp struct {
	rows          int64
	took          time.Duration
	parent, child time.Duration // processor time
}

// catchUpClicks are those that wait in the spool. More would only take longer.
const catchUpClicks = 4_000_000

// catchUp fills a spool and a ledger, then lets a loader go through them.
func (b *bench) catchUp(ctx context.Context) (c caughtUp, err error) {
	dir := filepath.Join(b.dir, "catch-up")
	if err := os.RemoveAll(dir); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	clicks := min(b.clicks, catchUpClicks)
	p, err := period(clicks)
	if err != nil {
		return c, err
	}
	end := p.Until.Time()
	clock := func() time.Time { return end }
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001"})
	if err != nil {
		return c, err
	}
	keyring := func() *homing.Keyring { return ring }
	kept, err := segment.Open(segment.Options{Dir: filepath.Join(dir, "spool"), Clock: clock, Logger: log})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "ledger.db"), Logger: log})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, books.Close()) }()
	b.progress.Begin("writing %s clicks into a spool", show.Grouped(clicks))
	stream := b.world.Stream(p)
	defer stream.Close()
	written := stage.Stage{Spool: kept, Books: books, Keyring: keyring}
	if c.rows, err = written.Write(ctx, stream, func(done int64) { b.progress.At(done, clicks) }); err != nil {
		return c, err
	}
	settled, err := catalog.Open(ctx, catalog.Options{Ledger: settings{world: b.world}, Clock: clock, Keyring: keyring})
	if err != nil {
		return c, err
	}
	into, err := duckdb.Open(duckdb.Options{Dir: filepath.Join(dir, warehouseDir), Clock: b.now, Log: log})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	l := loader.Open(loader.Options{
		Spool: kept, Books: books, Warehouse: into, View: settled.View, Keyring: keyring, Clock: b.now, Log: log, NoArchive: true,
	})
	b.progress.Begin("catching up with them")
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	began, before := b.now(), used()
	running.Go(func() { l.Run(ctx) })
	err = l.CatchUp(ctx)
	c.took = b.now().Sub(began)
	after := used()
	c.parent, c.child = after.parent-before.parent, after.child
	stop()
	running.Wait()
	b.progress.End()
	return c, err
}
