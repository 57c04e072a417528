package duckdb_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// runs counts the stretches of one campaign in the order clicks lie in.
func runs(places []homing.Origin) (n int) {
	for i := range places {
		if i == 0 || places[i].Campaign != places[i-1].Campaign {
			n++
		}
	}
	return n
}

// haveAll compares what is stored with what was loaded, row by row.
func haveAll(t *testing.T, w warehouse.Warehouse, loaded []warehouse.Click) {
	t.Helper()
	want := map[homing.Origin]warehouse.Facets{}
	for _, c := range loaded {
		want[c.Origin] = c.Facets
	}
	rows := 0
	for c, err := range w.Clicks(t.Context(), &warehouse.List{From: 0, Until: homing.MaxOriginTime}) {
		must(t, err)
		rows++
		facets, ok := want[c.Origin]
		if !ok || facets != c.Facets || len(c.More) != 1 || c.Addr != "192.0.2.0" || c.Cost != 1500 {
			t.Fatalf("%+v is not as it was loaded", c)
		}
	}
	equal(t, "clicks", rows, len(want))
	equal(t, "clicks in all", len(want), len(loaded))
}

func TestSmallLoadsAreSettledInBlocks(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	w.SettleBlocksOf(300)
	s := &source{w: w, name: "spool/1"}
	var loaded []warehouse.Click
	for i := range 31 {
		batch := clicksAt(noon+homing.Millis(i)*1000, 100)
		s.load(t, batch, nil, nil)
		loaded = append(loaded, batch...)
	}
	eventually(t, func() error { // by itself
		places, err := w.Layout(t.Context())
		must(t, err)
		if n := runs(places); n > 8*3+7*3 {
			return homing.ErrUnavailable
		}
		return nil
	})
	haveAll(t, w, loaded)
	late := click(noon+500, 7) // of a block that is settled
	s.load(t, []warehouse.Click{late}, nil, nil)
	loaded = append(loaded, late)
	must(t, w.SettleNow(t.Context()))
	haveAll(t, w, loaded)
	must(t, w.Close())
	w = open(t, dir)
	haveAll(t, w, loaded)
	places, err := w.Layout(t.Context())
	must(t, err)
	if n := runs(places); n > 8*3+8*3 {
		t.Fatalf("%d runs", n)
	}
}

func TestALoadOfABlockLiesInABlock(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	s := &source{w: w, name: "spool/1"}
	batch := benchBatches(1, 2*122_880+500)[0]
	s.load(t, batch, nil, nil)
	places, err := w.Layout(t.Context())
	must(t, err)
	equal(t, "clicks", len(places), len(batch))
	if n := runs(places); n > 6*201 {
		t.Fatalf("%d campaigns' runs", n)
	}
	for d := range 2 {
		must(t, w.Seal(t.Context(), today+warehouse.Day(d)))
	}
	must(t, w.Reset(t.Context(), nil))
	eventually(t, func() error { _, err := w.Mark(t.Context(), "any"); return err })
	places, err = w.Layout(t.Context())
	must(t, err)
	equal(t, "clicks", len(places), len(batch))
	if n := runs(places); n > 6*201 {
		t.Fatalf("%d campaigns' runs after a reset", n)
	}
}

// TestSettlingIsExactWhileTheChildIsKilled settles while clicks come in, also
// late ones, and the child is killed now and then.
func TestSettlingIsExactWhileTheChildIsKilled(t *testing.T) {
	dir := t.TempDir()
	var loaded []warehouse.Click
	s := &source{name: "spool/1"}
	r := rand.New(rand.NewPCG(5, 6))
	killed, settled := 0, atomic.Int64{}
	seq := 0
	for round := range 6 {
		w := open(t, dir) // anew, for the pauses between starts grow
		w.SettleBlocksOf(200)
		s.w = w
		var working sync.WaitGroup
		stop := make(chan struct{})
		working.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := w.SettleNow(t.Context()); err == nil {
					settled.Add(1)
				} else if !errors.Is(err, homing.ErrUnavailable) {
					t.Error(err)
				}
				time.Sleep(time.Millisecond)
			}
		})
		for i := range 40 {
			batch := clicksAt(noon+homing.Millis(40*round+i)*1000, 100)
			for range 20 { // into what is being settled
				seq++
				c := click(noon+homing.Millis(r.IntN(40)+40*round)*1000+50, 0)
				c.Node, c.Seq, c.Visitor = homing.NodeID(2+seq/4000), uint16(seq%4000), uint64(1000+seq)
				batch = append(batch, c)
			}
			loadAnyway(t, w, s.batch(batch, nil, nil))
			loaded = append(loaded, batch...)
			if i%13 == 12 && round%2 == 0 {
				time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
				killed += killChildren(t)
			}
		}
		close(stop)
		working.Wait()
		eventually(t, func() error { return w.SettleNow(t.Context()) })
		haveAll(t, w, loaded)
		equal(t, "clicks by totals", totalOf(t, w, warehouse.Clicks), int64(len(loaded)))
		must(t, w.Close())
	}
	t.Logf("%d children were killed, %d times settled", killed, settled.Load())
}
