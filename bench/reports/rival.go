package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"homing"
	"homing/bench/reports/sqlite"
	"homing/bench/show"
	"homing/internal/engine/warehouse"
)

// rival tells of SQLite.
type rival struct {
	rivalState
	version string
	reused  bool
}

// rivalState is what is known of a SQLite file that was filled.
type rivalState struct {
	Generation int    `json:"generation"`
	Seed       uint64 `json:"seed"`
	Of         int64  `json:"of"`    // clicks that there are
	Share      int64  `json:"share"` // of a million clicks, those it has
	Loaded     filled `json:"loaded"`
}

const million = 1_000_000

// keep tells whether SQLite has the click: a share of all, at random, so that
// every campaign and hour keeps its part.
func (r *rivalState) keep(o homing.Origin) bool {
	x := (uint64(o.Time)<<16 | uint64(o.Seq)) * 0x9e3779b97f4a7c15
	return int64((x^x>>32)%million) < r.Share
}

// compare asks SQLite the same.
func (b *bench) compare(ctx context.Context) error {
	defer b.progress.End()
	if b.sqliteClicks == 0 {
		return nil
	}
	if err := b.fillRival(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// What was measured before is not thrown away for it.
		b.wrong = append(b.wrong, fmt.Sprintf("couldn't fill SQLite: %v", err))
		return nil
	}
	store, err := sqlite.Open(filepath.Join(b.dir, sqliteFile))
	if err != nil {
		return err
	}
	b.rival.version = store.Version()
	for i := range b.asked {
		if a := &b.asked[i]; a.sqlite {
			b.progress.Begin("asking SQLite for %s", a.title)
			a.rival = b.timeRival(ctx, store, a)
		}
	}
	b.progress.Begin("finding clicks in SQLite")
	b.finding.sqlite = b.findRival(store)
	return errors.Join(ctx.Err(), store.Close())
}

// patience is how long one question is asked of SQLite over and over.
const patience = 45 * time.Second

// timeRival asks as often as the warehouse was asked, until patience has passed.
// A first run that takes longer by itself counts: the file has just been
// written, so it was in memory.
func (b *bench) timeRival(ctx context.Context, store *sqlite.Store, a *asked) (t show.Timing) {
	from, until, zone, err := month()
	if err != nil {
		return show.Timing{Err: err}
	}
	q := sqlite.Question{By: a.by, From: from, Until: until, Zone: warehouse.ZoneOf(zone, from, until), Campaign: a.campaign, Limit: a.limit}
	began := b.now()
	for i := range 1 + quietRuns {
		start := b.now()
		answer, err := store.Ask(ctx, &q)
		if err != nil {
			return show.Timing{Err: err}
		}
		now := b.now()
		if i == 0 {
			b.agree(a, answer)
		}
		if i > 0 || now.Sub(start) > patience { // else it warms up
			t.All = append(t.All, now.Sub(start))
		}
		if now.Sub(began) > patience && len(t.All) > 0 {
			break
		}
	}
	return t
}

// agree compares SQLite's totals with the report's, where both have the same
// rows.
func (b *bench) agree(a *asked, answer *sqlite.Answer) {
	if b.rival.Share < million || b.live.before > 0 || a.total == nil {
		return
	}
	t := &answer.Total
	for name, got := range map[string]string{
		"clicks": fmt.Sprint(t.Clicks), "unique_clicks": fmt.Sprint(t.Unique), "conversions": fmt.Sprint(t.Conversions),
	} {
		if a.total[name] != got {
			b.disagree("%s: SQLite has %s %s, the report %s", a.title, got, name, a.total[name])
		}
	}
	for name, got := range map[string]homing.Money{"value": t.Value, "cost": t.Cost} {
		want, err := homing.ParseMoney(a.total[name])
		if err != nil || want != got {
			b.disagree("%s: SQLite has a %s of %s, the report %s", a.title, name, got, a.total[name])
		}
	}
}

func (b *bench) findRival(store *sqlite.Store) (t show.Timing) {
	for pass := range 2 {
		for i := range b.state.Samples {
			want := &b.state.Samples[i]
			if !b.rival.keep(want.Origin) {
				continue
			}
			start := b.now()
			cost, err := store.Cost(want.Origin)
			if err == nil && cost != want.Cost {
				err = errors.New("another click was found")
			}
			if err != nil {
				return show.Timing{Err: err}
			}
			if pass == 1 {
				t.All = append(t.All, b.now().Sub(start))
			}
		}
	}
	return t
}

// fillRival makes the file, or takes that of an earlier run.
func (b *bench) fillRival(ctx context.Context) error {
	r := &b.rival
	if err := read(b.dir, sqliteState, &r.rivalState); err != nil {
		return err
	}
	wanted := r.Share
	if b.sqliteClicks > 0 {
		wanted = shareOf(b.sqliteClicks, b.clicks)
	}
	if r.Generation == generation && r.Seed == b.seed && r.Of == b.clicks && r.Share == wanted {
		r.reused = true
		return nil
	}
	r.rivalState = rivalState{Generation: generation, Seed: b.seed, Of: b.clicks, Share: wanted}
	if b.sqliteClicks < 0 {
		if err := b.tryRival(ctx); err != nil {
			return err
		}
	}
	b.progress.Begin("filling SQLite with %s clicks", show.Grouped(b.clicks*r.Share/million))
	loaded, err := b.pour(ctx, filepath.Join(b.dir, sqliteFile), b.clicks)
	if err != nil {
		return err
	}
	r.Loaded = loaded
	return write(b.dir, sqliteState, &r.rivalState)
}

func shareOf(part, of int64) int64 { return min(million, part*million/of) }

// tryRival fills a small file to see how many clicks fit time and disk. A large
// one is slower: an index is sorted, and more is written than fits memory.
func (b *bench) tryRival(ctx context.Context) error {
	r, path := &b.rival, filepath.Join(b.dir, tryFile)
	r.Share = million
	some := int64(million)
	if b.clicks <= 5*some {
		return nil
	}
	b.progress.Begin("trying how fast SQLite fills")
	f, err := b.pour(ctx, path, some)
	if err != nil {
		return err
	}
	const slower, spare = 0.8, 0.7
	byTime := float64(some) / f.Took.Seconds() * b.sqliteTime.Seconds() * slower
	byDisk := float64(freeBytes(b.dir)) * spare / (float64(f.Bytes) / float64(some))
	r.Share = shareOf(int64(min(byTime, byDisk, float64(b.clicks))), b.clicks)
	return removeRival(path)
}

func removeRival(path string) (failed error) {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		failed = errors.Join(failed, os.RemoveAll(path+end))
	}
	return failed
}

// pour fills a new file with the share of the first clicks.
func (b *bench) pour(ctx context.Context, path string, clicks int64) (f filled, err error) {
	if err := errors.Join(os.RemoveAll(filepath.Join(b.dir, sqliteState)), removeRival(path)); err != nil {
		return f, err
	}
	p, err := period(b.clicks)
	if err != nil {
		return f, err
	}
	store, err := sqlite.Open(path)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	stream := b.world.Stream(p)
	defer stream.Close()
	f.At = b.now()
	passed := int64(0)
	for round := range stream.Rounds {
		if passed += int64(len(round.Spool.Clicks)); passed > clicks {
			break
		}
		kept, err := store.Add(round, b.rival.keep)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return f, err
		}
		f.Clicks += kept
		stream.Give(round)
		b.progress.At(passed, clicks)
	}
	indexing := b.now()
	b.progress.Begin("making SQLite's index")
	if err := store.Finish(ctx); err != nil {
		return f, err
	}
	f.Index, f.Took = b.now().Sub(indexing), b.now().Sub(f.At)
	info, err := os.Stat(path)
	if err == nil {
		f.Bytes = info.Size()
	}
	return f, err
}
