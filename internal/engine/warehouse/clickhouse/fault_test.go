package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
	"homing/internal/engine/warehouse/warehousetest"
)

// newDatabase is the name of one that is not there.
func newDatabase() string { return fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1)) }

// loadAll loads batches again and again until all are in, each time cut in other
// places, as a loader does that was started anew.
func loadAll(t testing.TB, w warehouse.Sink, rng *rand.Rand, batches []*warehouse.Batch) (failures int) {
	t.Helper()
	for _, whole := range batches {
		for {
			mark, err := w.Mark(t.Context(), whole.Source)
			must(t, err)
			if mark.Next >= whole.Next {
				break
			}
			err = w.Load(t.Context(), piece(whole, mark.Next, rng))
			if err == nil {
				continue
			}
			if !errors.Is(err, homing.ErrUnavailable) && !errors.Is(err, homing.ErrConflict) {
				t.Fatal(err)
			}
			failures++
		}
	}
	return failures
}

// piece is a batch from a position on, to its end or not so far. A position
// counts a row: clicks, then postbacks, then conversions.
func piece(b *warehouse.Batch, from uint64, rng *rand.Rand) *warehouse.Batch {
	until := from + 1 + rng.Uint64N(b.Next-from)
	p := &warehouse.Batch{Source: b.Source, First: from, Next: until, State: b.State}
	at := b.First
	within := func() bool { at++; return at-1 >= from && at-1 < until }
	for _, c := range b.Clicks {
		if within() {
			p.Clicks = append(p.Clicks, c)
		}
	}
	for _, r := range b.Postbacks {
		if within() {
			p.Postbacks = append(p.Postbacks, r)
		}
	}
	for _, c := range b.Conversions {
		if within() {
			p.Conversions = append(p.Conversions, c)
		}
	}
	return p
}

// modelOf is a model that has loaded a world.
func modelOf(t testing.TB, world *warehousetest.World) *warehousetest.Model {
	t.Helper()
	m := warehousetest.NewModel()
	for _, b := range world.Batches {
		must(t, m.Load(t.Context(), b))
	}
	return m
}

// TestEveryWriteFails breaks the connection at one write after the other, before
// it or behind it: what is loaded in the end is there once.
func TestEveryWriteFails(t *testing.T) {
	engine := chtest.StartEngine(t)
	for _, fate := range []chtest.Fate{chtest.Refuse, chtest.Lose} {
		rng := warehousetest.Random(t)
		world := warehousetest.NewWorld(rng, 150)
		var writes atomic.Int64
		proxy := chtest.NewProxy(t, engine.URL(newDatabase()), func(sql string) chtest.Fate {
			if strings.HasPrefix(sql, "INSERT") && writes.Add(1)%5 == 0 {
				return fate
			}
			return chtest.Pass
		})
		w := openDatabase(t, proxy, "")
		failures := loadAll(t, w, rng, world.Batches)
		if failures < 5 {
			t.Errorf("only %d loads failed", failures)
		}
		warehousetest.Differential(t, world, rng, w, modelOf(t, world), warehousetest.Questions(t, 60))
		must(t, w.Close())
	}
}

// TestZombies: two loaders of the same source that know nothing of each other.
func TestZombies(t *testing.T) {
	engine := chtest.StartEngine(t)
	rng := warehousetest.Random(t)
	world := warehousetest.NewWorld(rng, 200)
	database := newDatabase()
	one, two := openDatabase(t, engine, database), openDatabase(t, engine, database)
	var wait sync.WaitGroup
	for i, w := range []*clickhouse.Warehouse{one, two} {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		wait.Go(func() { loadAll(t, w, rng, world.Batches) })
	}
	wait.Wait()
	for _, w := range []*clickhouse.Warehouse{one, two} {
		warehousetest.Differential(t, world, rng, w, modelOf(t, world), warehousetest.Questions(t, 40))
		must(t, w.Close())
	}
}

// TestDropAndEraseFail: both do what was left when they are called again.
func TestDropAndEraseFail(t *testing.T) {
	engine := chtest.StartEngine(t)
	rng := warehousetest.Random(t)
	world := warehousetest.NewWorld(rng, 200)
	var broken atomic.Int64 // the write that fails, counted down
	proxy := chtest.NewProxy(t, engine.URL(newDatabase()), func(string) chtest.Fate {
		if broken.Add(-1) == 0 {
			return chtest.Lose
		}
		return chtest.Pass
	})
	w, m := openDatabase(t, proxy, ""), modelOf(t, world)
	for _, b := range world.Batches {
		must(t, w.Load(t.Context(), b))
	}
	until := func(what func() error) {
		t.Helper()
		for n := int64(1); ; n++ {
			broken.Store(n)
			err := what()
			broken.Store(-1 << 40)
			if err == nil {
				return
			}
			if !errors.Is(err, homing.ErrUnavailable) {
				t.Fatal(err)
			}
		}
	}
	before := warehouse.DayAt(world.From) + 2
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
		until(func() error { return w.Drop(t.Context(), table, before) })
		must(t, m.Drop(t.Context(), table, before))
	}
	what := warehouse.Erasure{Account: 2, Lead: func(lead string) string { return fmt.Sprintf("~%032x", len(lead)) }}
	until(func() error { return w.Erase(t.Context(), what) })
	must(t, m.Erase(t.Context(), what))
	warehousetest.Differential(t, world, rng, w, m, warehousetest.Questions(t, 60))
	must(t, w.Close())
}

// TestKill: what was acknowledged is there after a kill of the engine.
func TestKill(t *testing.T) {
	engine := chtest.StartEngine(t)
	rng := warehousetest.Random(t)
	world := warehousetest.NewWorld(rng, 200)
	database := newDatabase()
	w := openDatabase(t, engine, database)
	for i, b := range world.Batches {
		must(t, w.Load(t.Context(), b))
		if i%4 == 3 {
			engine.Kill()
			if err := w.Load(t.Context(), world.Batches[(i+1)%len(world.Batches)]); !errors.Is(err, homing.ErrUnavailable) {
				t.Errorf("a load while the engine is away: %v", err)
			}
			engine.Start(t)
		}
	}
	warehousetest.Differential(t, world, rng, w, modelOf(t, world), warehousetest.Questions(t, 40))
	must(t, w.Close())
}

// TestMend: what came before its click is known when the click has come.
func TestMend(t *testing.T) {
	engine := chtest.StartEngine(t)
	w := open(t, engine)
	defer func() { must(t, w.Close()) }()
	click := warehousetest.Click(1, noon)
	conversion := warehousetest.Conversion(1, &click)
	postback := warehousetest.Postback(&conversion)
	ctx := t.Context()
	must(t, w.Load(ctx, &warehouse.Batch{Source: "ledger", Next: 1, Conversions: []warehouse.Conversion{conversion}, Postbacks: []warehouse.Postback{postback}}))
	must(t, w.Load(ctx, &warehouse.Batch{Source: "spool/2", Next: 1, Clicks: []warehouse.Click{click}}))
	conversion.Known, conversion.Facets = true, click.Facets
	postback.Known, postback.Facets = true, click.Facets
	eventually(t, func() error {
		list := warehouse.List{From: noon - 1000, Until: noon + 1_000_000}
		var got []any
		for c, err := range w.Conversions(ctx, &list) {
			must(t, err)
			got = append(got, c)
		}
		for p, err := range w.Postbacks(ctx, &list) {
			must(t, err)
			got = append(got, p)
		}
		if want := []any{conversion, postback}; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			return fmt.Errorf("got  %+v\nwant %+v", got, want)
		}
		return nil
	})
}

// TestAway: while no server is there calls say so, at once, and the status tells.
func TestAway(t *testing.T) {
	w, err := clickhouse.Open(clickhouse.Options{URL: "clickhouse://homing:geheim@127.0.0.1:1/homing", Clock: clock})
	must(t, err)
	defer func() { must(t, w.Close()) }()
	_, err = w.Mark(t.Context(), "spool/1")
	if !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("mark: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Ask(ctx, &warehouse.Query{Until: 1, Measures: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled question: %v", err)
	}
	eventually(t, func() error {
		if s := w.Status(); s.Up || !strings.Contains(s.Trouble, "refused") || strings.Contains(s.Trouble+err.Error(), "geheim") {
			return fmt.Errorf("status %+v", s)
		}
		return nil
	})
}
