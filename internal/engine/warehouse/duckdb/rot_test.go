package duckdb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
)

// What DuckDB writes: three headers, then blocks.
const (
	duckHeader = 4096
	duckBlocks = 3 * duckHeader
	duckBlock  = 256 << 10
)

// rot damages one of the files.
type rot struct {
	name, file string
	spoil      func([]byte) []byte
}

func cutAt(file string, at int) rot {
	return rot{fmt.Sprintf("%s cut at %d", file, at), file, func(b []byte) []byte { return b[:min(at, len(b))] }}
}

func bitAt(file string, at int) rot {
	return rot{fmt.Sprintf("%s bit of byte %d", file, at), file, func(b []byte) []byte {
		b[min(at, len(b)-1)] ^= 0x10
		return b
	}}
}

// rots are damages of every kind: DuckDB tells of them in words of its own each.
func rots(database, log int) (list []rot) {
	const file, wal = "warehouse.duckdb", "warehouse.duckdb.wal"
	for _, at := range []int{0, 1, 100, duckHeader + 1, duckBlocks - 1} {
		list = append(list, cutAt(file, at))
	}
	for _, at := range []int{0, 9, 30, duckHeader + 9, 2*duckHeader + 20} {
		list = append(list, bitAt(file, at))
	}
	for at := duckBlocks; at < database; at += duckBlock {
		list = append(list, cutAt(file, at), bitAt(file, at+duckBlock/3))
	}
	list = append(list, cutAt(file, database-duckBlock/3), cutAt(file, database-3*duckBlock/2), bitAt(file, database-3*duckBlock))
	for _, at := range []int{0, 20, log / 2, log - 1} {
		list = append(list, cutAt(wal, at), bitAt(wal, at))
	}
	return append(list, rot{"both logs are of another file", wal, func(b []byte) []byte {
		for i := range b[:min(64, len(b))] {
			b[i] ^= 0x55
		}
		return b
	}})
}

// TestADamagedFileAlwaysMakesItsWayBack damages the database file, and DuckDB's
// log, in one place, and then only does what the loader does: it loads what the
// marks want, and has made anew what says that it is damaged. However the damage
// surfaces, and whoever meets it, all figures are right in the end, and none is
// wrong in between.
func TestADamagedFileAlwaysMakesItsWayBack(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.spool[0].Clicks = append(h.spool[0].Clicks, clicksAt(noon-24*3_600_000+1000, 20_000)...)
	h.clicks += 20_000
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Close())
	w = open(t, dir)
	late := &source{w: w, name: "spool/1", next: h.spool[len(h.spool)-1].Next}
	h.spool = append(h.spool, late.batch(clicksAt(noon+50_000, 300), nil, nil)) // for the log
	h.clicks += 300
	must(t, w.Load(t.Context(), h.spool[len(h.spool)-1]))

	whole := map[string][]byte{}
	for _, name := range append(glob(t, dir, "warehouse.duckdb*"), glob(t, dir, "archive/*")...) {
		data, err := os.ReadFile(name)
		must(t, err)
		short, err := filepath.Rel(dir, name)
		must(t, err)
		whole[short] = data
	}
	must(t, w.Close())
	database, log := len(whole["warehouse.duckdb"]), len(whole["warehouse.duckdb.wal"])
	if database < duckBlocks+2*duckBlock || log < 1000 {
		t.Fatalf("the file has %d bytes, the log %d: too little to be damaged", database, log)
	}
	resets := 0
	for _, r := range rots(database, log) {
		t.Run(r.name, func(t *testing.T) { resets += h.survives(t, whole, r) })
	}
	t.Logf("%d bytes and %d of log: made anew %d times", database, log, resets)
	if resets < database/duckBlock {
		t.Errorf("made anew only %d times: this shows little", resets)
	}
}

// survives tells how often the warehouse was made anew.
func (h *history) survives(t *testing.T, whole map[string][]byte, r rot) (resets int) {
	dir := t.TempDir()
	for name, data := range whole {
		if name == r.file {
			data = r.spoil(append([]byte{}, data...))
		}
		name = filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		must(t, os.WriteFile(name, data, 0o600))
	}
	w, err := duckdb.Open(duckdb.Options{Dir: dir, Memory: 1 << 30, Threads: 2, Clock: clock})
	must(t, err)
	defer w.Close()
	for began := time.Now(); time.Since(began) < 30*time.Second; {
		if damage := w.Status().Damage; damage != "" {
			if resets++; resets > 1 {
				t.Fatalf("it is damaged again: %s", damage)
			}
			t.Logf("damaged: %s", damage)
			must(t, w.Reset(t.Context(), nil))
		}
		switch err = h.follow(t, w); {
		case err == nil:
			return resets
		case errors.Is(err, homing.ErrDamaged):
			if w.Status().Damage == "" {
				t.Fatalf("who makes it anew does not hear of it: %v", err)
			}
		case !errors.Is(err, homing.ErrUnavailable):
			t.Fatal(err)
		default:
			time.Sleep(10 * time.Millisecond)
		}
	}
	t.Fatalf("it does not come back: %v (%+v)", err, w.Status())
	return resets
}

// follow loads what the marks want, and then reads everything there is.
func (h *history) follow(t *testing.T, w warehouse.Warehouse) error {
	for _, batches := range [][]*warehouse.Batch{h.spool, h.ledger} {
		mark, err := w.Mark(t.Context(), batches[0].Source)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if b.Next <= mark.Next {
				continue
			}
			if err := w.Load(t.Context(), b); err != nil {
				return err
			}
		}
	}
	from, until := (today - 2).Start(), (today + 2).Start()
	want := map[warehouse.Measure]int64{warehouse.Clicks: h.clicks, warehouse.Postbacks: h.calls, warehouse.Refusals: h.refusals,
		warehouse.Conversions: int64(len(h.ledger)), warehouse.Value: int64(len(h.ledger)) * 2_500_000}
	for _, by := range [][]warehouse.Dimension{nil, {sub1}} { // of totals, and of rows
		answer, err := w.Ask(t.Context(), &warehouse.Query{From: from, Until: until, By: by, Measures: all, Total: true})
		if err != nil {
			return err
		}
		for m, n := range want {
			if got := answer.Total.Measures[m]; got != n {
				return fmt.Errorf("by %v it tells %v %d, not %d", by, m, got, n)
			}
		}
	}
	n, list := int64(0), &warehouse.List{From: from, Until: until}
	for _, err := range w.Clicks(t.Context(), list) {
		if err != nil {
			return err
		}
		n++
	}
	for _, err := range w.Postbacks(t.Context(), list) {
		if err != nil {
			return err
		}
	}
	for c, err := range w.Conversions(t.Context(), list) {
		if err != nil {
			return err
		}
		if !c.Known {
			return fmt.Errorf("conversion %s does not know its click", c.ID)
		}
	}
	if n != h.clicks {
		return fmt.Errorf("it lists %d clicks, not %d", n, h.clicks)
	}
	return nil
}
