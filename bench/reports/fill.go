package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"homing/bench/reports/traffic"
	"homing/bench/show"
	"homing/internal/engine/warehouse"
)

// sampleCount is how many clicks are looked for by id.
const sampleCount = 1000

// fill makes the warehouse anew, the way the loader fills it: the spool's rows,
// then the ledger's, again and again.
func (b *bench) fill(ctx context.Context) error {
	dir := filepath.Join(b.dir, warehouseDir)
	if err := errors.Join(os.RemoveAll(filepath.Join(b.dir, stateFile)), os.RemoveAll(dir)); err != nil {
		return err
	}
	p, err := period(b.clicks)
	if err != nil {
		return err
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	b.progress.Begin("loading %s clicks", show.Grouped(b.clicks))
	stream := b.world.Stream(p)
	defer stream.Close()
	b.state = state{Generation: generation, Seed: b.seed, Clicks: b.clicks}
	loaded, err := b.load(ctx, stream)
	closing := b.now()
	if err := errors.Join(err, b.close()); err != nil {
		return err
	}
	// Closing writes out what the log holds: it belongs to the load.
	loaded.Took += b.now().Sub(closing)
	loaded.Bytes, err = bytesOf(dir, "archive", "scratch")
	if err != nil {
		return err
	}
	b.state.Loaded, b.state.Books = loaded, stream.Books()
	return write(b.dir, stateFile, &b.state)
}

func (b *bench) load(ctx context.Context, stream *traffic.Stream) (filled, error) {
	f := filled{At: b.now()}
	before, made := used(), time.Duration(0)
	every := max(1, b.clicks/sampleCount)
	var books warehouse.Batch
	for round := range stream.Rounds {
		if err := b.loadBatch(ctx, &f, &round.Spool); err != nil {
			return f, err
		}
		gather(&books, &round.Ledger)
		if len(books.Conversions) >= ledgerBatch {
			if err := b.loadBatch(ctx, &f, &books); err != nil {
				return f, err
			}
		}
		for i := range round.Spool.Clicks {
			if row := &round.Spool.Clicks[i]; (f.Clicks+int64(i))%every == every/2 {
				b.state.Samples = append(b.state.Samples, sample{row.Origin, row.Cost})
			}
		}
		f.Clicks += int64(len(round.Spool.Clicks))
		f.Rows += round.Rows()
		made += time.Duration(round.Made)
		stream.Give(round)
		b.progress.At(f.Clicks, b.clicks)
	}
	if err := b.loadBatch(ctx, &f, &books); err != nil {
		return f, err
	}
	after := used()
	if before.pid != after.pid {
		return f, errors.New("the warehouse's process was replaced by another during the load")
	}
	f.ParentTime = after.parent - before.parent - made
	f.ChildTime = after.child - before.child
	f.ParentPeak, f.ChildPeak = after.parentPeak, after.childPeak
	return f, nil
}

// ledgerBatch is how many changes of the ledger the loader brings at once while
// it catches up.
const ledgerBatch = 10_000

// loadBatch loads a batch that has anything, and leaves it without rows. The time
// in Load is what is measured: rows lie ready, and nothing runs beside it.
func (b *bench) loadBatch(ctx context.Context, f *filled, batch *warehouse.Batch) error {
	if batch.Next == batch.First {
		return nil
	}
	began := b.now()
	if err := b.warehouse.Load(ctx, batch); err != nil {
		return fmt.Errorf("couldn't load %s from %d: %w", batch.Source, batch.First, err)
	}
	f.Took += b.now().Sub(began)
	batch.First = batch.Next
	if batch.Source == traffic.Ledger {
		batch.Postbacks, batch.Conversions = batch.Postbacks[:0], batch.Conversions[:0]
	}
	return nil
}

// gather adds what the ledger has in a round to what it had before.
func gather(books, more *warehouse.Batch) {
	if len(books.Conversions) == 0 {
		books.Source, books.First = more.Source, more.First
	}
	books.Postbacks = append(books.Postbacks, more.Postbacks...)
	books.Conversions = append(books.Conversions, more.Conversions...)
	books.Next = more.Next
}
