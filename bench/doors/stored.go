package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/bench/restart"
	"homing/bench/show"
	"homing/bench/stage"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
)

// disk is how many bytes a click takes on it.
type disk struct {
	spool     map[int]float64 // by how many clicks come at once
	warehouse float64         // with conversions, postbacks and totals
	clicks    int64           // in the warehouse
}

// spoolCrowds are the numbers of clicks at once that the spool is weighed with;
// the limit is for the second.
var spoolCrowds = []int{1, 64, 256}

// fillingTime is how long the large spool may take to be filled; after it there
// are fewer clicks in it, which is told.
const fillingTime = 5 * time.Minute

// measureStored takes the figures of clicks that lie stored.
func (b *bench) measureStored(ctx context.Context) error {
	clicks := stage.Clicks(1, 60_000)
	b.disk.spool = map[int]float64{}
	for _, crowd := range spoolCrowds {
		b.progress.Begin("clicks on the disk, %d at once", crowd)
		var err error
		if b.disk.spool[crowd], err = b.spoolBytes(clicks, crowd); err != nil {
			return err
		}
	}
	if err := b.warehouseBytes(ctx); err != nil {
		return err
	}
	doing := ""
	var err error
	b.stored, err = restart.Measure(ctx, restart.Options{
		Program: b.o.program, Dir: filepath.Join(b.o.dir, "stored"), Clicks: b.o.stored, Patience: fillingTime, Rounds: b.o.rounds, Clock: b.o.now,
		Told: func(what string, done, total int64) {
			if what != doing {
				b.progress.Begin("%s", what)
				doing = what
			}
			b.progress.At(done, total)
		},
	})
	return err
}

// spoolBytes stores clicks, so many at once that share blocks as they do at the
// door, and tells what each takes.
func (b *bench) spoolBytes(clicks []homing.Click, crowd int) (float64, error) {
	dir := filepath.Join(b.o.dir, fmt.Sprintf("spool-%d", crowd))
	s, err := segment.Open(segment.Options{Dir: dir, Clock: b.o.now})
	if err != nil {
		return 0, err
	}
	each := max(20, min(len(clicks)/crowd, 4000))
	failed := make([]error, crowd)
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			var record []byte
			for n := range each {
				c := &clicks[(n*crowd+i)%len(clicks)]
				record = homing.AppendClick(record[:0], c)
				if _, err := s.Append(spool.KindClick, homing.MillisOf(b.o.now()), record); err != nil {
					failed[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(append(failed, s.Close())...); err != nil {
		return 0, err
	}
	bytes, _, err := restart.SpoolSize(dir)
	return float64(bytes) / float64(crowd*each), errors.Join(err, os.RemoveAll(dir))
}

// warehouseBytes loads a month of traffic as the loader does, and tells what a
// click takes, with all that belongs to it.
func (b *bench) warehouseBytes(ctx context.Context) (err error) {
	b.progress.Begin("loading %s clicks into a warehouse", show.Grouped(b.o.loaded))
	dir := filepath.Join(b.o.dir, "warehouse")
	w, err := duckdb.Open(duckdb.Options{
		Dir: dir, Clock: b.o.now, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	if err := errors.Join(b.load(ctx, w), w.Close()); err != nil {
		return fmt.Errorf("couldn't fill a warehouse: %w", err)
	}
	// The archive is a second copy, which --no-archive leaves out.
	bytes, err := bytesOf(dir, "archive", "scratch")
	b.disk.warehouse, b.disk.clicks = float64(bytes)/float64(b.o.loaded), b.o.loaded
	return errors.Join(err, os.RemoveAll(dir))
}

// load loads the traffic once the warehouse has come up.
func (b *bench) load(ctx context.Context, w *duckdb.Warehouse) error {
	for {
		_, err := w.Mark(ctx, traffic.Spool)
		if err == nil {
			break
		}
		if !errors.Is(err, homing.ErrUnavailable) || ctx.Err() != nil {
			return fmt.Errorf("it does not come up (%s): %w", w.Status().Trouble, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	const month, rows = 30 * 24 * time.Hour, 245_760
	from := homing.MillisOf(time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC))
	until := from + homing.MillisIn(month)
	stream := traffic.New(1).Stream(traffic.Period{From: from, Until: until, Clicks: b.o.loaded, Zone: warehouse.ZoneOf(time.UTC, from, until), Batch: rows})
	defer stream.Close()
	loaded := int64(0)
	for round := range stream.Rounds {
		for _, batch := range []*warehouse.Batch{&round.Spool, &round.Ledger} {
			if batch.Next == batch.First {
				continue
			}
			if err := w.Load(ctx, batch); err != nil {
				return err
			}
		}
		loaded += int64(len(round.Spool.Clicks))
		stream.Give(round)
		b.progress.At(loaded, b.o.loaded)
	}
	return nil
}

// bytesOf is what lies in a directory, without the directories named.
func bytesOf(dir string, without ...string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			for _, name := range without {
				if path == filepath.Join(dir, name) {
					return filepath.SkipDir
				}
			}
			return nil
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
