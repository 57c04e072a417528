package duckdb_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
)

// history is two days of clicks, postbacks and conversions, from two sources.
type history struct {
	spool, ledger           []*warehouse.Batch
	click                   warehouse.Click
	clicks, calls, refusals int64
}

func makeHistory() *history {
	h := &history{}
	spool, ledger := &source{name: "spool/1"}, &source{name: "ledger"}
	for day := range 2 {
		at := noon + homing.Millis(day-1)*24*3_600_000
		clicks := clicksAt(at, 500)
		h.click = clicks[123]
		refused := postback(10*day+1, &clicks[5], homing.Refused, homing.ReasonKeyWrong)
		tally := warehouse.Postback{Number: int64(day) + 900, Count: 40, Postback: homing.Postback{At: at + 5, Account: 2,
			Verdict: homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeCut}}}
		h.spool = append(h.spool, spool.batch(clicks, []warehouse.Postback{refused, tally}, nil))
		counted := postback(10*day+2, &clicks[123], homing.Counted, homing.ReasonCounted)
		h.ledger = append(h.ledger, ledger.batch(nil, []warehouse.Postback{counted}, []warehouse.Conversion{conversion(day+1, &clicks[123])}))
		h.clicks, h.calls, h.refusals = h.clicks+500, h.calls+42, h.refusals+41
	}
	return h
}

func (h *history) load(t testing.TB, w warehouse.Warehouse) {
	t.Helper()
	for i := range h.spool {
		must(t, w.Load(t.Context(), h.spool[i]))
		must(t, w.Load(t.Context(), h.ledger[i]))
	}
}

func (h *history) check(t testing.TB, w warehouse.Warehouse) {
	t.Helper()
	for _, of := range []func(testing.TB, warehouse.Warehouse, warehouse.Measure) int64{totalOf,
		func(t testing.TB, w warehouse.Warehouse, m warehouse.Measure) int64 {
			t.Helper()
			return rawOf(t, w, m, sub1)
		}} {
		equal(t, "clicks", of(t, w, warehouse.Clicks), h.clicks)
		equal(t, "calls", of(t, w, warehouse.Postbacks), h.calls)
		equal(t, "refusals", of(t, w, warehouse.Refusals), h.refusals)
		equal(t, "conversions", of(t, w, warehouse.Conversions), int64(len(h.ledger)))
	}
}

func sealedDays(t testing.TB, w warehouse.Warehouse) (days []warehouse.Day) {
	t.Helper()
	seals, err := w.Seals(t.Context())
	must(t, err)
	for _, s := range seals {
		days = append(days, s.Day)
	}
	return days
}

func TestAResetBringsTheSealedDaysBackAndTheRestIsLoadedAgain(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	seals, err := w.Seals(t.Context())
	must(t, err)
	equal(t, "sealed days", len(seals), 1)
	equal(t, "rows", seals[0].Rows, 503)
	equal(t, "through", seals[0].Through["spool/1"], h.spool[1].Next)

	told := false
	must(t, w.Reset(t.Context(), func(string, int64, int64) { told = true }))
	equal(t, "progress", told, true)
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 500)
	equal(t, "still sealed", len(sealedDays(t, w)), 1)
	h.load(t, w) // the sealed day's rows come once more, and are not counted twice
	h.check(t, w)
	equal(t, "put aside", len(glob(t, dir, "warehouse.duckdb.old-*")), 1)
}

func TestAMissingFileIsMadeFromTheSealedDays(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Seal(t.Context(), today))
	must(t, w.Close())
	must(t, os.Remove(filepath.Join(dir, "warehouse.duckdb")))
	w = open(t, dir)
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), h.clicks)
	h.load(t, w)
	h.check(t, w)
}

func TestRowsThatComeLaterUnsealTheirDay(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Seal(t.Context(), today))
	s := &source{w: w, name: "spool/2"}
	s.load(t, []warehouse.Click{click(noon+77, 9)}, nil, nil)
	equal(t, "sealed days", len(sealedDays(t, w)), 1)
	must(t, w.Seal(t.Context(), today))
	equal(t, "sealed days", len(sealedDays(t, w)), 2)
	equal(t, "files", len(glob(t, dir, "archive/*")), 8)
}

func TestADamagedArchiveIsToldAndTheRestIsBroughtBack(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Seal(t.Context(), today))
	name := glob(t, dir, "archive/clicks-"+today.String()+".*")[0]
	data, err := os.ReadFile(name)
	must(t, err)
	data[len(data)/2] ^= 1
	must(t, os.WriteFile(name, data, 0o600))
	must(t, w.Reset(t.Context(), nil))
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 500)
	equal(t, "clicks by row", rawOf(t, w, warehouse.Clicks, sub1), 500)
	equal(t, "calls", totalOf(t, w, warehouse.Postbacks), h.calls)
	equal(t, "days that are sealed", sealedDays(t, w)[0], today-1)
	if trouble := w.Status().Trouble; !strings.Contains(trouble, "clicks-"+today.String()) {
		t.Fatalf("trouble: %q", trouble)
	}
	h.load(t, w)
	h.check(t, w)
	must(t, w.Seal(t.Context(), today))
	equal(t, "trouble", w.Status().Trouble, "")
}

func TestADamagedFileIsToldUntilAReset(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Close())
	name := filepath.Join(dir, "warehouse.duckdb")
	data, err := os.ReadFile(name)
	must(t, err)
	copy(data, bytes.Repeat([]byte{0xaa}, 16384))
	must(t, os.WriteFile(name, data, 0o600))
	w, err = duckdb.Open(duckdb.Options{Dir: dir, Memory: 1 << 30, Clock: clock})
	must(t, err)
	defer w.Close()
	eventually(t, func() error {
		_, err := w.Mark(context.Background(), "spool/1")
		if err != nil && !isUnavailable(err) {
			return nil
		}
		return err
	})
	_, err = w.Mark(context.Background(), "spool/1")
	wants(t, err, homing.ErrDamaged)
	wants(t, w.Load(t.Context(), h.spool[0]), homing.ErrDamaged)
	if trouble := w.Status().Trouble; !strings.Contains(trouble, "damaged") {
		t.Fatalf("trouble: %q", trouble)
	}
	must(t, w.Reset(t.Context(), nil))
	h.load(t, w)
	h.check(t, w)
}

func TestDroppedDaysLiveOnInTotals(t *testing.T) {
	dir := t.TempDir()
	w, h := open(t, dir), makeHistory()
	h.load(t, w)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Seal(t.Context(), today))
	must(t, w.Drop(t.Context(), warehouse.ClickTable, today))
	must(t, w.Drop(t.Context(), warehouse.PostbackTable, today))
	check := func() {
		t.Helper()
		equal(t, "clicks", totalOf(t, w, warehouse.Clicks), h.clicks)
		equal(t, "calls", totalOf(t, w, warehouse.Postbacks), h.calls)
		answer := figures(t, w, (today - 1).Start(), (today + 1).Start(), sub1)
		equal(t, "clicks by row", answer.Total.Measures[warehouse.Clicks], h.clicks/2)
		equal(t, "gaps", len(answer.Gaps), 2)
		oldest, err := w.Oldest(t.Context(), warehouse.ClickTable)
		must(t, err)
		equal(t, "oldest", oldest, today)
		equal(t, "sealed days", len(sealedDays(t, w)), 1)
	}
	check()
	equal(t, "files", len(glob(t, dir, "archive/*.parquet")), 4)
	must(t, w.Reset(t.Context(), nil))
	check()
	h.load(t, w)
	check()
}

func isUnavailable(err error) bool {
	return strings.Contains(err.Error(), homing.ErrUnavailable.Error())
}

func glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	must(t, err)
	return names
}
