package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/bench/show"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
	"homing/internal/flow/report"
)

// bench is a run.
type bench struct {
	options
	progress  *show.Progress
	world     *traffic.World
	state     state
	reused    bool // the warehouse is of an earlier run
	warehouse warehouse.Warehouse
	reporter  *report.Engine
	version   string

	asked   []asked
	finding finding
	live    live
	seal    warehouse.Seal
	sealing time.Duration
	caught  caughtUp
	rival   rival
	wrong   []string // what does not agree with the books
}

// asked is a question with its answers' times.
type asked struct {
	question
	quiet, live, rival show.Timing
	total              map[string]string // of the quiet answer, by metric
}

// open makes the world and sees to it that the warehouse is full.
func open(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, progress: show.NewProgress(o.now)}
	b.progress.Begin("making accounts, campaigns and publishers")
	b.world = traffic.New(o.seed)
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	if err := read(o.dir, stateFile, &b.state); err != nil {
		return nil, err
	}
	b.reused = b.state.Generation == generation && b.state.Seed == o.seed && b.state.Clicks == o.clicks
	if !b.reused {
		if err := b.fill(ctx); err != nil {
			return nil, fmt.Errorf("couldn't fill the warehouse: %w", err)
		}
	}
	for _, q := range questions(b.world, b.state.Books) {
		b.asked = append(b.asked, asked{question: q})
	}
	return b, b.start(ctx)
}

// start opens the warehouse and waits until it answers.
func (b *bench) start(ctx context.Context) error {
	opened, err := duckdb.Open(duckdb.Options{
		Dir: filepath.Join(b.dir, warehouseDir), Clock: b.now,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	b.warehouse = opened
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := opened.Mark(ctx, traffic.Spool)
		if err == nil {
			break
		}
		if !errors.Is(err, homing.ErrUnavailable) || ctx.Err() != nil {
			return errors.Join(fmt.Errorf("the warehouse does not come up (%s): %w", opened.Status().Trouble, err), opened.Close())
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.version = opened.Status().Version
	_, until, _, err := month()
	if err != nil {
		return err
	}
	b.reporter, err = reporter(ctx, opened, b.world, until)
	return err
}

func (b *bench) close() error {
	b.progress.End()
	return b.warehouse.Close()
}

// measure takes all figures of the warehouse.
func (b *bench) measure(ctx context.Context) error {
	before, err := b.warehouse.Mark(ctx, traffic.LiveSpool)
	if err != nil {
		return err
	}
	b.live.before = before.Next
	if err := b.askAll(ctx); err != nil {
		return err
	}
	if err := b.sealDay(ctx); err != nil {
		return err
	}
	if b.rate > 0 {
		return b.askWhileLoading(ctx)
	}
	return nil
}
