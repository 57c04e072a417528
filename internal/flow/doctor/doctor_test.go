package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/catalog"
	"homing/internal/flow/doctor"
	"homing/internal/flow/loader"
)

const noon homing.Millis = 1_800_000_000_000

// house is spool, ledger and loader, with a model for a warehouse.
type house struct {
	doctor.House
	t        *testing.T
	now      atomic.Int64
	model    *warehousetest.Model
	loader   *loader.Loader
	ring     *homing.Keyring
	account  *homing.Account
	campaign *homing.Campaign
	seq      atomic.Int64
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, model: warehousetest.NewModel()}
	h.now.Store(int64(noon))
	clock := func() time.Time { return homing.Millis(h.now.Load()).Time() }
	dir, quiet := t.TempDir(), slog.New(slog.DiscardHandler)
	log, err := segment.Open(segment.Options{Dir: filepath.Join(dir, "spool"), SegmentSize: 1 << 20, Clock: clock})
	must(t, err)
	books, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "ledger.db"), Logger: quiet})
	must(t, err)
	h.ring, err = homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{7}})
	must(t, err)
	keyring := func() *homing.Keyring { return h.ring }
	settings, err := catalog.Open(t.Context(), catalog.Options{Ledger: books, Clock: clock, Keyring: keyring})
	must(t, err)
	h.account = &homing.Account{PublicID: "p", Name: "n", Currency: "USD"}
	h.campaign = &homing.Campaign{Name: "n", Slug: "s", URL: "https://adv.example/?c={click_id}", Status: homing.CampaignActive}
	must(t, books.Apply(t.Context(), ledger.Actor{Name: "test", At: noon},
		ledger.PutAccount{Account: h.account}, ledger.PutCampaign{Campaign: h.campaign, Owner: h.account}))
	must(t, settings.Reload(t.Context()))
	h.loader = loader.Open(loader.Options{Spool: log, Books: books, Warehouse: h.model, View: settings.View, Refresh: settings.Reload,
		Keyring: keyring, Clock: clock, Every: 5 * time.Millisecond})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.loader.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait(); must(t, log.Close()); must(t, books.Close()) })
	h.House = doctor.House{Spool: log, Ledger: books, Warehouse: h.model, Keyring: keyring, Clock: clock}
	return h
}

// click has one come, which converts unless it is told not to.
func (h *house) click(converts bool) {
	n := h.seq.Add(1)
	at := homing.Millis(h.now.Add(10))
	o := homing.Origin{Time: at, Node: 3, Seq: uint16(n % homing.MaxSeq), Campaign: h.campaign.ID}
	_, err := h.Spool.Append(spool.KindClick, at, homing.AppendClick(nil, &homing.Click{Origin: o}))
	must(h.t, err)
	if !converts {
		return
	}
	p := homing.Postback{Request: homing.NewRequestID(at, 3, uint32(n)), At: at, Method: "GET", Target: "/x", Account: h.account.ID,
		Campaign: h.campaign.ID, Click: h.ring.Seal(o), Origin: o, Value: homing.ValueOf(homing.Unit),
		Verdict: homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted}}
	_, err = h.Ledger.Decide(context.Background(), &ledger.Claim{Click: o, Account: h.account.ID, Campaign: h.campaign.ID, Status: homing.Approved,
		Value: p.Value, At: at, Request: p.Request, Receipt: homing.AppendPostback(nil, &p)})
	must(h.t, err)
}

func (h *house) examine(o doctor.Options) []string {
	h.t.Helper()
	report, err := doctor.Examine(h.t.Context(), h.House, o)
	must(h.t, err)
	var kinds []string
	for _, f := range report.Findings {
		kinds = append(kinds, f.Kind)
		h.t.Logf("%+v", f)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func (h *house) want(what string, kinds ...string) {
	h.t.Helper()
	if got := h.examine(doctor.Options{}); !slices.Equal(got, kinds) {
		h.t.Errorf("%s: found %q, want %q", what, got, kinds)
	}
}

// A house at work: clicks and conversions come and conversions change while it is
// looked at, and nothing of it looks like a fault.
func TestAHouseAtWorkIsHealthy(t *testing.T) {
	h := newHouse(t)
	h.want("nothing yet")
	for range 100 {
		h.click(true)
	}
	stop := make(chan struct{})
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					h.click(h.seq.Load()%3 == 0)
				}
			}
		})
	}
	work.Go(func() {
		for i := homing.ConversionID(1); ; i = i%100 + 1 {
			select {
			case <-stop:
				return
			default:
			}
			for _, move := range [][2]homing.Status{{homing.Approved, homing.Rejected}, {homing.Rejected, homing.Approved}} {
				must(t, h.Ledger.Amend(context.Background(), ledger.Amendment{Conversion: i, From: move[0], To: move[1],
					At: homing.Millis(h.now.Load()), Actor: "test"}))
			}
		}
	})
	for _, o := range []doctor.Options{{}, {Live: true}, {Quick: true}, {}, {Live: true}} {
		if kinds := h.examine(o); len(kinds) > 0 {
			t.Errorf("%+v: found %q", o, kinds)
		}
	}
	close(stop)
	work.Wait()
	must(t, h.loader.CatchUp(t.Context()))
	h.want("at rest")
}

// What comes between two questions is no fault either: here it always does.
func TestWhatComesMeanwhileIsNotCompared(t *testing.T) {
	h := newHouse(t)
	h.click(true)
	must(t, h.loader.CatchUp(t.Context()))
	h.Warehouse = late{h.model, func() {
		h.click(true)
		h.click(false)
		must(t, h.Ledger.Amend(context.Background(), ledger.Amendment{Conversion: 1, From: homing.Approved, To: homing.Pending, At: noon, Actor: "test"}))
		must(t, h.Ledger.Amend(context.Background(), ledger.Amendment{Conversion: 1, From: homing.Pending, To: homing.Approved, At: noon, Actor: "test"}))
		must(t, h.loader.CatchUp(t.Context()))
	}}
	for range 3 {
		h.want("what comes meanwhile")
	}
}

// late is a warehouse that has something happen before each answer.
type late struct {
	*warehousetest.Model
	before func()
}

func (l late) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	l.before()
	return l.Model.Stream(ctx, q)
}

func (l late) Conversions(ctx context.Context, q *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	l.before()
	return l.Model.Conversions(ctx, q)
}

func TestFlawsOfTheWarehouseGetWords(t *testing.T) {
	h := newHouse(t)
	h.click(true)
	must(t, h.loader.CatchUp(t.Context()))
	for kind, want := range map[warehouse.FlawKind]string{
		warehouse.SealDamaged: "archive.damaged", warehouse.RowsDamaged: "warehouse.damaged", warehouse.RowsDiffer: "warehouse.rows",
		warehouse.RowsTwice: "warehouse.twice", warehouse.TotalsDiffer: "warehouse.totals", warehouse.FacetsDiffer: "agreement.facets",
	} {
		h.model.Flaws = []warehouse.Flaw{{Kind: kind, Day: 20_000, What: "something is wrong"}}
		h.want(kind.String(), want)
	}
}

func TestMarksAheadAreFound(t *testing.T) {
	h := newHouse(t)
	h.click(true)
	must(t, h.loader.CatchUp(t.Context()))
	mark, err := h.model.Mark(t.Context(), "spool")
	must(t, err)
	must(t, h.model.Load(t.Context(), &warehouse.Batch{Source: "spool", First: mark.Next, Next: mark.Next + 9, State: mark.State}))
	h.want("a mark beyond the spool's end", "warehouse.ahead")
}

func TestAWarehouseThatIsAwayIsToldAndTheRestIsLookedAt(t *testing.T) {
	h := newHouse(t)
	h.click(true)
	must(t, h.loader.CatchUp(t.Context()))
	h.Warehouse = damaged{h.model}
	h.want("a damaged warehouse", "warehouse.damaged")
	h.now.Store(int64(noon) - 10*60*1000)
	h.want("and a clock that is behind", "clock.behind", "warehouse.damaged")
}

// damaged is a warehouse that cannot be read.
type damaged struct{ *warehousetest.Model }

func (damaged) Mark(context.Context, string) (warehouse.Mark, error) {
	return warehouse.Mark{}, fmt.Errorf("checksum: %w", homing.ErrDamaged)
}

func TestLedgerFaultsGetAMeaningEach(t *testing.T) {
	faults := errors.Join(
		fmt.Errorf("%w: conversion 5 has no receipt", homing.ErrDamaged),
		fmt.Errorf("%w: the status of conversion 6 is not that of its last change", homing.ErrDamaged),
		fmt.Errorf("%w: conversions 1 to 9, or their receipts, cannot be read", homing.ErrDamaged),
		fmt.Errorf("%w: the erasure of account 3 is unfinished; erase it again", homing.ErrDamaged))
	var got []string
	for _, f := range doctor.LedgerFaults(faults) {
		got = append(got, f.Kind)
		if strings.HasPrefix(f.What, homing.ErrDamaged.Error()) || f.Means == "" || f.Do == "" || f.Repairable() {
			t.Errorf("%+v", f)
		}
	}
	if text := strings.Join(got, " "); text != "ledger.receipt ledger.status ledger.damaged ledger.erasure" {
		t.Error(text)
	}
}

func TestCertificatesAreToldOfInTime(t *testing.T) {
	const day homing.Millis = 24 * 60 * 60 * 1000
	for _, c := range []struct {
		begins, ends homing.Millis
		ours, wrong  bool
		severity     doctor.Severity
	}{
		{-day, 100 * day, false, false, 0}, {-day, 13 * day, false, true, doctor.Warning}, {-day, 13 * day, true, false, 0},
		{-day, 0, false, true, doctor.Damage}, {day, 100 * day, false, true, doctor.Damage},
	} {
		f, wrong := doctor.Certificate{File: "f", Begins: noon + c.begins, Ends: noon + c.ends, Ours: c.ours}.Dates(noon)
		if wrong != c.wrong || f.Severity != c.severity {
			t.Errorf("%+v: %v %+v", c, wrong, f)
		}
	}
}

func TestMasterKeysAreLookedAt(t *testing.T) {
	key := func(n byte, from homing.Millis) homing.MasterKey {
		return homing.MasterKey{ID: fmt.Sprint(n), From: from, Secret: [32]byte{n}}
	}
	ring := func(keys ...homing.MasterKey) *homing.Keyring {
		k, err := homing.NewKeyring(keys...)
		must(t, err)
		return k
	}
	const year homing.Millis = 365 * 24 * 60 * 60 * 1000
	for want, m := range map[string]doctor.MasterKeys{
		"":             {Keys: []homing.MasterKey{key(1, noon-year), key(2, noon-1)}, Serving: ring(key(1, noon-year), key(2, noon-1))},
		"keys.changed": {Keys: []homing.MasterKey{key(1, noon-1)}, Serving: ring(key(2, noon-1))},
		"keys.overdue": {Keys: []homing.MasterKey{key(1, noon-2*year)}, Serving: ring(key(1, noon-2*year))},
		"keys.twice":   {Keys: []homing.MasterKey{key(1, noon-2), {ID: "1", From: noon - 1}}},
	} {
		m.Age = year
		var kinds []string
		for _, f := range m.Look(noon).Findings {
			kinds = append(kinds, f.Kind)
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	waiting := doctor.MasterKeys{Keys: []homing.MasterKey{key(1, noon-2*year)}, Serving: ring(key(1, noon-2*year)), Age: year, Waits: "of the test"}
	if r := waiting.Look(noon); len(r.Findings) != 0 || !strings.Contains(strings.Join(r.Checked, "\n"), "waits: of the test") {
		t.Errorf("a renewal that waits: %+v", r)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
