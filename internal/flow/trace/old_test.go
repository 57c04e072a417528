package trace

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/rule/mask"
)

const began homing.Millis = 1_800_000_000_000

// log is a spool that has some records and has given others up.
type log struct {
	spool.Spool
	oldest  spool.Position
	records []spool.Record
	since   homing.Millis // of the last look for postbacks
}

func (l *log) Oldest() spool.Position { return l.oldest }

func (l *log) Scan(_ context.Context, q spool.Query) iter.Seq2[spool.Record, error] {
	if q.Kinds.Has(spool.KindPostback) {
		l.since = q.Since
	}
	return func(yield func(spool.Record, error) bool) {
		for _, r := range l.records {
			if q.Kinds.Has(r.Kind) && r.At >= q.Since && !yield(r, nil) {
				return
			}
		}
	}
}

// books have no conversions.
type books struct {
	ledger.Books
	gone []ledger.Erasure
}

func (books) ConversionsOf(context.Context, homing.Origin) ([]homing.Conversion, error) {
	return nil, nil
}

func (books) Receipts(context.Context, ledger.ReceiptQuery) iter.Seq2[homing.Postback, error] {
	return func(func(homing.Postback, error) bool) {}
}

func (b *books) Erasures(_ context.Context, after int64, _ int) (list []ledger.Erasure, err error) {
	for _, e := range b.gone {
		if e.Number > after {
			list = append(list, e)
		}
	}
	return list, nil
}

// awayStore is a warehouse that cannot be asked.
type awayStore struct{ warehouse.Source }

func (awayStore) Click(context.Context, homing.Origin) (warehouse.Click, error) {
	return warehouse.Click{}, fmt.Errorf("%w: starting", homing.ErrUnavailable)
}

func (awayStore) Postbacks(context.Context, *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return func(yield func(warehouse.Postback, error) bool) {
		yield(warehouse.Postback{}, fmt.Errorf("%w: starting", homing.ErrUnavailable))
	}
}

// TestWhatTheSpoolGaveUp: a click and its first refusals are only in the
// warehouse; a later one is in both, and told once.
func TestWhatTheSpoolGaveUp(t *testing.T) {
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	click := homing.Origin{Time: began, Node: 3, Campaign: 4}
	model, kept, ledgerBooks := warehousetest.NewModel(), &log{oldest: 9}, &books{}
	row := warehouse.Click{Origin: click, Addr: "198.51.100.0", More: []warehouse.Param{{Param: homing.ParamKeywords, Text: "shoes"}}}
	row.Facets[warehouse.FacetCountry], row.Facets[warehouse.FacetBrowser] = "DE", "Firefox"
	batch := warehouse.Batch{Source: "spool/3", Next: 1, Clicks: []warehouse.Click{row}}
	for i, reason := range []homing.Reason{homing.ReasonDuplicate, homing.ReasonKeyWrong, homing.ReasonCounted, homing.ReasonKeyWrong} {
		p := homing.Postback{
			Request: homing.NewRequestID(began, 3, uint32(i)), At: began + homing.Millis(i+1)*1000, Method: "GET",
			Origin: click, Click: ring.Seal(click), Verdict: homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason},
		}
		batch.Postbacks = append(batch.Postbacks, warehouse.Postback{Postback: p, Number: int64(i), Count: 1})
		if i == 3 {
			kept.records = []spool.Record{{Position: 9, Kind: spool.KindPostback, At: p.At, Data: homing.AppendPostback(nil, &p)}}
		}
	}
	if err := model.Load(t.Context(), &batch); err != nil {
		t.Fatal(err)
	}
	tracer := newTracer(ring, kept, ledgerBooks, model, began+60_000)
	tell := func() (Story, string) {
		t.Helper()
		s, err := tracer.Of(t.Context(), ring.Seal(click).String())
		if err != nil {
			t.Fatal(err)
		}
		return s, strings.Join(s.Lines(), "\n")
	}

	s, lines := tell()
	if s.Click == nil || s.Click.Addr != "198.51.100.0" || s.Click.Facets["country"] != "DE" || s.Click.Params["keywords"] != "shoes" {
		t.Errorf("the click: %+v", s.Click)
	}
	var results []string
	for _, p := range s.Postbacks {
		results = append(results, p.Result.String())
	}
	if got := strings.Join(results, " "); got != "duplicate refused refused" {
		t.Errorf("the postbacks: %s", got)
	}
	if !strings.Contains(lines, "browser=Firefox  country=DE") {
		t.Errorf("told:\n%s", lines)
	}

	tracer.Warehouse = awayStore{}
	if s, lines = tell(); s.Click != nil || len(s.Postbacks) != 1 || len(s.Incomplete) < 2 || !strings.Contains(lines, "the warehouse is away") {
		t.Errorf("with the warehouse away:\n%s", lines)
	}

	tracer.Warehouse = model
	ledgerBooks.gone = []ledger.Erasure{{Number: 1, At: began + 5000, Click: click}}
	if s, lines = tell(); s.Click != nil || len(s.Postbacks) > 0 || s.Erased == "" || !strings.Contains(lines, "erased at") {
		t.Errorf("after it was erased:\n%s", lines)
	}

	tracer.Warehouse, ledgerBooks.gone = nil, nil
	if s, _ = tell(); s.Click != nil || len(s.Postbacks) != 1 {
		t.Errorf("without a warehouse: %+v", s)
	}
}

func newTracer(ring *homing.Keyring, kept *log, books *books, model *warehousetest.Model, now homing.Millis) *Tracer {
	return &Tracer{
		Spool: kept, Books: books, Journal: journal.Open(journal.Options{Spool: kept, Books: books, Clock: now.Time}),
		View: func() *catalog.View { return &catalog.View{} }, Keyring: func() *homing.Keyring { return ring }, Clock: now.Time,
		Warehouse: model, Masker: &mask.Masker{
			KeyIn:  func([]byte) (int, int, bool) { return 0, 0, false },
			MaskOf: func([]byte) string { return "" },
		},
	}
}

// TestWhatIsLoadedIsNotLookedForInTheSpool: of a week's calls only those of the
// last minutes, which may not be loaded, are read from the spool.
func TestWhatIsLoadedIsNotLookedForInTheSpool(t *testing.T) {
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	const week homing.Millis = 7 * 24 * 3_600_000
	click, now := homing.Origin{Time: began, Node: 3, Campaign: 4}, began+week
	model, kept := warehousetest.NewModel(), &log{}
	batch := warehouse.Batch{Source: "spool/3", Next: 1}
	for i, at := range []homing.Millis{began + 1000, now - 60_000, now - 1000} { // loaded, loaded, not yet
		p := homing.Postback{
			Request: homing.NewRequestID(at, 3, uint32(i)), At: at, Method: "GET", Origin: click, Click: ring.Seal(click),
			Verdict: homing.Verdict{Outcome: homing.Duplicate, Reason: homing.ReasonDuplicate},
		}
		kept.records = append(kept.records, spool.Record{Position: spool.Position(i), Kind: spool.KindPostback, At: at, Data: homing.AppendPostback(nil, &p)})
		if i < 2 {
			batch.Postbacks = append(batch.Postbacks, warehouse.Postback{Postback: p, Number: int64(i), Count: 1})
		}
	}
	if err := model.Load(t.Context(), &batch); err != nil {
		t.Fatal(err)
	}
	tracer := newTracer(ring, kept, &books{}, model, now)
	for _, c := range []struct {
		name      string
		warehouse warehouse.Source
		fresh     func() homing.Millis
		since     homing.Millis
	}{
		{"loaded but for a second", model, func() homing.Millis { return now - 1500 }, now - 1500 - unloaded},
		{"nobody knows how far", model, nil, began},
		{"the warehouse is away", awayStore{}, func() homing.Millis { return now - 1500 }, began},
		{"there is no warehouse", nil, nil, began},
	} {
		tracer.Warehouse, tracer.Fresh = c.warehouse, c.fresh
		s, err := tracer.Of(t.Context(), ring.Seal(click).String())
		if err != nil {
			t.Fatal(err)
		}
		var at []homing.Millis
		for _, p := range s.Postbacks {
			at = append(at, p.at)
		}
		if len(at) != 3 || at[0] != began+1000 || at[1] != now-60_000 || at[2] != now-1000 {
			t.Errorf("%s: told of %v", c.name, at)
		}
		if kept.since != c.since {
			t.Errorf("%s: the spool was read from %s, want %s", c.name, kept.since, c.since)
		}
	}
}
