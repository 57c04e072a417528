package stage_test

import (
	"path/filepath"
	"testing"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/bench/stage"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
)

// TestWhatIsWrittenBelongsTogether: a duplicate in the spool names the
// conversion that the ledger numbered, its click is under the stage's keyring, and
// a decision moved the conversion that was held.
func TestWhatIsWrittenBelongsTogether(t *testing.T) {
	const clicks = 20_000
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	from := homing.MillisOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	until := from + homing.MillisIn(7*24*time.Hour)
	dir := t.TempDir()
	kept, err := segment.Open(segment.Options{Dir: filepath.Join(dir, "spool"), Clock: until.Time})
	must(err)
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "ledger.db")})
	must(err)
	t.Cleanup(func() { must(kept.Close()); must(books.Close()) })
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "0badcafe", From: from})
	must(err)
	stream := traffic.New(1).Stream(traffic.Period{From: from, Until: until, Clicks: clicks, Zone: warehouse.ZoneOf(time.UTC, from, until), Batch: clicks / 2})
	defer stream.Close()
	told := int64(0)
	written := stage.Stage{
		Spool: kept, Books: books, Keyring: func() *homing.Keyring { return ring },
		Told: func(r *traffic.Round) { told += r.Rows() },
	}
	rows, err := written.Write(t.Context(), stream, func(int64) {})
	must(err)
	if rows != told || rows < clicks {
		t.Errorf("%d rows were written, %d told of", rows, told)
	}

	conversions, decided := map[homing.ConversionID]homing.Origin{}, 0
	for c, err := range books.Conversions(t.Context(), ledger.ConversionQuery{}) {
		must(err)
		conversions[c.ID] = c.Click
		history, err := books.History(t.Context(), c.ID)
		must(err)
		if len(history) == 2 && history[0].To == homing.Pending {
			decided++
		}
	}
	duplicates, records := 0, int64(0)
	for record, err := range kept.Scan(t.Context(), spool.Query{Kinds: spool.AllKinds}) {
		must(err)
		records++
		if record.Kind != spool.KindPostback {
			continue
		}
		p, err := homing.DecodePostback(record.Data)
		must(err)
		if p.Verdict.Outcome != homing.Duplicate {
			continue
		}
		duplicates++
		if origin, ok := ring.Open(p.Click); !ok || origin != p.Origin || conversions[p.Conversion] != p.Origin {
			t.Fatalf("the duplicate %+v is of no conversion", p)
		}
	}
	if len(conversions) == 0 || decided == 0 || duplicates == 0 || records < clicks {
		t.Errorf("%d conversions, %d decided, %d duplicates, %d records", len(conversions), decided, duplicates, records)
	}
}
