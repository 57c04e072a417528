package duckdb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb"
)

// loadDays loads a hundred clicks for each of some days ago.
func loadDays(t testing.TB, w warehouse.Warehouse, days ...int) {
	t.Helper()
	s := &source{w: w, name: "spool/1"}
	for _, ago := range days {
		at := noon - homing.Millis(ago)*24*3_600_000
		c := clicksAt(at, 100)
		s.load(t, c, []warehouse.Postback{postback(ago, &c[5], homing.Refused, homing.ReasonKeyWrong)}, nil)
	}
}

func flip(t testing.TB, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	data[len(data)/2] ^= 1
	must(t, os.WriteFile(name, data, 0o600))
}

func TestAResetThrowsNothingAwayThatCanBeRead(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"never sealed": func(*testing.T, string) {},
		"damaged": func(t *testing.T, dir string) {
			flip(t, glob(t, dir, "archive/clicks-"+(today-2).String()+".*")[0])
		},
		"no archive": func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, "archive"))) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := open(t, dir)
			loadDays(t, w, 3, 2, 1)
			if name != "never sealed" {
				for ago := range 3 {
					must(t, w.Seal(t.Context(), today-1-warehouse.Day(ago)))
				}
			}
			spoil(t, dir)
			for range 2 {
				must(t, w.Reset(t.Context(), nil))
				equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300)
				equal(t, "clicks by row", rawOf(t, w, warehouse.Clicks, sub1), 300)
				equal(t, "calls", totalOf(t, w, warehouse.Postbacks), 3)
				must(t, w.Lost(t.Context(), warehouse.Ever, today))
				equal(t, "trouble", w.Status().Trouble, "")
			}
		})
	}
}

func gapsOf(t testing.TB, w warehouse.Warehouse, by ...warehouse.Dimension) (lost []string) {
	t.Helper()
	for _, g := range figures(t, w, today.Start()-10*24*3_600_000, (today + 10).Start(), by...).Gaps {
		lost = append(lost, g.Table.String()+" "+g.From.String())
	}
	return lost
}

func lose(t testing.TB, dir string) {
	t.Helper()
	must(t, os.Remove(filepath.Join(dir, "warehouse.duckdb")))
	_ = os.Remove(filepath.Join(dir, "warehouse.duckdb.wal"))
}

func TestALostDayIsToldAndItsTotalsGoOnAnswering(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 3, 2, 1)
	for ago := range 3 {
		must(t, w.Seal(t.Context(), today-1-warehouse.Day(ago)))
	}
	must(t, w.Close())
	flip(t, glob(t, dir, "archive/clicks-"+(today-2).String()+".*")[0])
	lose(t, dir)
	w = open(t, dir)
	equal(t, "gaps while the day is awaited", len(gapsOf(t, w)), 1)
	must(t, w.Lost(t.Context(), warehouse.Ever, today))
	check := func() {
		t.Helper()
		equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300)
		equal(t, "calls", totalOf(t, w, warehouse.Postbacks), 3)
		equal(t, "clicks by row", rawOf(t, w, warehouse.Clicks, sub1), 200)
		equal(t, "gaps of totals", len(gapsOf(t, w)), 0)
		equal(t, "gaps of rows", strings.Join(gapsOf(t, w, sub1), ","), "clicks "+(today-2).String())
		if told := w.Status().Trouble; !strings.Contains(told, "clicks of "+(today-2).String()) {
			t.Fatalf("trouble: %q", told)
		}
	}
	check()
	must(t, w.Close())
	w = open(t, dir)
	check()
	must(t, w.Seal(t.Context(), today-2))
	check()
	must(t, w.Reset(t.Context(), nil))
	check()
	must(t, w.Close())
	lose(t, dir)
	w = open(t, dir)
	must(t, w.Lost(t.Context(), warehouse.Ever, today))
	check()
}

func TestADamagedDayThatTheSourcesStillHaveIsWholeAgain(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 3, 2, 1)
	for ago := range 3 {
		must(t, w.Seal(t.Context(), today-1-warehouse.Day(ago)))
	}
	must(t, w.Close())
	flip(t, glob(t, dir, "archive/clicks-"+(today-1).String()+".*")[0])
	lose(t, dir)
	w = open(t, dir)
	loadDays(t, w, 3, 2, 1)
	must(t, w.Lost(t.Context(), warehouse.Ever, today-1))
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300)
	equal(t, "gaps", len(gapsOf(t, w, sub1)), 0)
}

func TestLostManifestsAndALostArchive(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 4, 3, 2, 1)
	for ago := range 4 {
		must(t, w.Seal(t.Context(), today-1-warehouse.Day(ago)))
	}
	must(t, w.Close())
	manifest := func(ago warehouse.Day) string { return filepath.Join(dir, "archive", (today-ago).String()+".json") }
	must(t, os.Remove(manifest(2)))
	must(t, os.Remove(manifest(3)))
	must(t, os.Truncate(glob(t, dir, "archive/clicks-"+(today-3).String()+".*")[0], 2000))
	lose(t, dir)
	w = open(t, dir)
	must(t, w.Lost(t.Context(), warehouse.Ever, today))
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300) // of the manifest's files that fit each other
	equal(t, "gaps", strings.Join(gapsOf(t, w), ","), "clicks "+(today-3).String()+",postbacks "+(today-3).String())
	if told := w.Status().Trouble; !strings.Contains(told, (today - 3).String()) {
		t.Fatalf("trouble: %q", told)
	}
	must(t, w.Close())

	must(t, os.RemoveAll(dir))
	for range 2 {
		w = open(t, dir)
		must(t, w.Lost(t.Context(), warehouse.Ever, today))
		equal(t, "gaps", strings.Join(gapsOf(t, w), ","), "clicks "+warehouse.Ever.String()+",postbacks "+warehouse.Ever.String())
		if told := w.Status().Trouble; !strings.Contains(told, "before "+today.String()) {
			t.Fatalf("trouble: %q", told)
		}
		must(t, w.Close())
	}
}

func TestTotalsThatAreNowhereElseHoldAResetUp(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 3, 2, 1)
	must(t, w.Seal(t.Context(), today-3))
	must(t, w.Drop(t.Context(), warehouse.ClickTable, today-2))
	must(t, w.Drop(t.Context(), warehouse.PostbackTable, today-2))
	must(t, os.RemoveAll(filepath.Join(dir, "archive")))
	err := w.Reset(t.Context(), nil)
	wants(t, err, homing.ErrConflict)
	if !strings.Contains(err.Error(), (today - 3).String()) {
		t.Fatal(err)
	}
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300)
}

func TestAResetPutsAsideWhateverThereIs(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 1)
	must(t, w.Seal(t.Context(), today-1))
	must(t, w.Close())
	lose(t, dir)
	must(t, os.MkdirAll(filepath.Join(dir, "warehouse.duckdb", "full"), 0o700))
	w, err := duckdb.Open(duckdb.Options{Dir: dir, Memory: 1 << 30, Clock: clock})
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	must(t, w.Reset(t.Context(), nil))
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 100)
}

// What was put aside stays while the new file has less.
func TestWhatWasPutAsideStaysWhileSomethingIsMissing(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 3, 2, 1)
	must(t, w.Seal(t.Context(), today-3))
	must(t, w.Close())
	name := filepath.Join(dir, "warehouse.duckdb")
	data, err := os.ReadFile(name)
	must(t, err)
	copy(data, strings.Repeat("\xaa", 16384))
	must(t, os.WriteFile(name, data, 0o600))
	w, err = duckdb.Open(duckdb.Options{Dir: dir, Memory: 1 << 30, Clock: clock})
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	must(t, w.Reset(t.Context(), nil))
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 100)
	must(t, w.Lost(t.Context(), warehouse.Ever, today))
	equal(t, "gaps", len(gapsOf(t, w)), 2)
	for range 3 {
		must(t, w.Reset(t.Context(), nil))
	}
	kept := false
	for _, name := range glob(t, dir, "warehouse.duckdb.old-*") {
		old, err := os.ReadFile(name)
		must(t, err)
		kept = kept || strings.HasPrefix(string(old), "\xaa")
	}
	equal(t, "the damaged file is kept", kept, true)
	equal(t, "gaps", len(gapsOf(t, w)), 2)
	must(t, w.Close())
}

// TestAResetBringsRowsThatAreStoredTwiceBackOnce loads a sealed day's clicks once
// more in a way that leaves its seal standing: the seal is good and stays.
func TestAResetBringsRowsThatAreStoredTwiceBackOnce(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	loadDays(t, w, 3, 2, 1)
	for ago := range 3 {
		must(t, w.Seal(t.Context(), today-1-warehouse.Day(ago)))
	}
	must(t, w.Double(t.Context(), today-2))
	equal(t, "clicks by row", rawOf(t, w, warehouse.Clicks, sub1), 400)
	must(t, w.Reset(t.Context(), nil))
	equal(t, "clicks", totalOf(t, w, warehouse.Clicks), 300)
	equal(t, "clicks by row", rawOf(t, w, warehouse.Clicks, sub1), 300)
	flaws, err := w.Verify(t.Context(), func(string, int64, int64) {})
	must(t, err)
	equal(t, "flaws", len(flaws), 0)
}
