package duckdb_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// killChildren kills this process' warehouse children, and tells how many.
func killChildren(t testing.TB) (killed int) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, name := range names {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		var pid, parent int
		var state string
		rest := stat[strings.LastIndexByte(string(stat), ')')+1:]
		if _, err := fmt.Sscan(string(rest), &state, &parent); err != nil || parent != os.Getpid() {
			continue
		}
		_, err = fmt.Sscan(string(stat), &pid)
		must(t, err)
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.Contains(string(line), process.Argument) && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
			for err = nil; err == nil; _, err = os.Stat(name) {
				time.Sleep(time.Millisecond) // it is not gone before it is buried
			}
		}
	}
	return killed
}

// loadAnyway loads a batch however often the child dies.
func loadAnyway(t testing.TB, w warehouse.Warehouse, b *warehouse.Batch) {
	t.Helper()
	eventually(t, func() error { return w.Load(t.Context(), b) })
}

func TestExactlyOnceWhileTheChildIsKilled(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	killed := 0
	kill := func() {
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		killed += killChildren(t)
	}
	spool, ledger := &source{w: w, name: "spool/1"}, &source{w: w, name: "ledger"}
	var clicks, uniques, conversions, refusals, value int64
	type visit struct {
		campaign homing.CampaignID
		visitor  uint64
	}
	seen := map[visit]bool{}
	for round := range 60 {
		at := noon + homing.Millis(round)*40_000
		batch := clicksAt(at, 400)
		for _, c := range batch {
			if v := (visit{c.Campaign, c.Visitor}); !seen[v] {
				seen[v] = true
				uniques++
			}
		}
		refused := postback(round, &batch[7], homing.Refused, homing.ReasonKeyWrong)
		if round%5 == 4 { // and begin anew, for the pauses between starts grow
			must(t, w.Close())
			w = open(t, dir)
			spool.w, ledger.w = w, w
		}
		var killing sync.WaitGroup
		if round%2 == 0 {
			killing.Go(kill)
		}
		loadAnyway(t, w, spool.batch(batch, []warehouse.Postback{refused}, nil))
		one, two := conversion(2*round+1, &batch[9]), conversion(2*round+2, &batch[99])
		changed := one
		changed.Version, changed.Status = 10_000+int64(round), homing.Rejected
		loadAnyway(t, w, ledger.batch(nil, nil, []warehouse.Conversion{one, two}))
		loadAnyway(t, w, ledger.batch(nil, nil, []warehouse.Conversion{changed}))
		killing.Wait()
		clicks, refusals, conversions, value = clicks+400, refusals+1, conversions+1, value+2_500_000
	}
	t.Logf("%d children were killed", killed)
	eventually(t, func() error { _, err := w.Mark(t.Context(), "ledger"); return err })
	for _, of := range []func(testing.TB, warehouse.Warehouse, warehouse.Measure) int64{totalOf,
		func(t testing.TB, w warehouse.Warehouse, m warehouse.Measure) int64 {
			t.Helper()
			return rawOf(t, w, m, sub1)
		}} {
		equal(t, "clicks", of(t, w, warehouse.Clicks), clicks)
		equal(t, "uniques", of(t, w, warehouse.UniqueClicks), uniques)
		equal(t, "refusals", of(t, w, warehouse.Refusals), refusals)
		equal(t, "approved", of(t, w, warehouse.Approved), conversions)
		equal(t, "rejected", of(t, w, warehouse.Rejected), conversions)
		equal(t, "value", of(t, w, warehouse.Value), value)
	}
}

// TestKeepingIsSafeFromKills kills the child during seals, erasures, drops and
// resets; each is called again, as the loader would.
func TestKeepingIsSafeFromKills(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	jobs := []func() error{
		func() error { return w.Seal(t.Context(), today-1) },
		func() error { return w.Seal(t.Context(), today) },
		func() error { return w.Erase(t.Context(), warehouse.Erasure{Click: h.click.Origin}) },
		func() error { return w.Reset(t.Context(), nil) },
		func() error { return w.Drop(t.Context(), warehouse.ClickTable, today-3) },
	}
	for range 4 {
		must(t, w.Close()) // the pauses between starts grow
		w = open(t, dir)
		for _, job := range jobs {
			ended := make(chan error, 1)
			go func() { ended <- job() }()
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
			killChildren(t)
			if err := <-ended; err != nil {
				if !errors.Is(err, homing.ErrUnavailable) {
					t.Fatal(err)
				}
				eventually(t, job)
			}
			for j := range h.spool { // after a reset all comes once more
				loadAnyway(t, w, h.spool[j])
				loadAnyway(t, w, h.ledger[j])
			}
			eventually(t, func() error { _, err := w.Mark(t.Context(), "ledger"); return err })
			h.check(t, w)
		}
	}
	checkErasedClick(t, w, h)
	equal(t, "sealed days", len(sealedDays(t, w)), 2)
	must(t, w.Close())
	must(t, os.Remove(filepath.Join(dir, "warehouse.duckdb")))
	w = open(t, dir)
	equal(t, "clicks in the archive", totalOf(t, w, warehouse.Clicks), h.clicks)
	equal(t, "facets in the archive", clickOf(t, w, h.click.Origin).Facets, blankOf(h.click.Facets))
}
