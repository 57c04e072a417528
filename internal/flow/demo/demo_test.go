package demo_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
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
	"homing/internal/flow/demo"
	"homing/internal/flow/journal"
	"homing/internal/flow/loader"
	"homing/internal/flow/report"
)

// stage is a demo on real engines, with the warehouse's model.
type stage struct {
	*testing.T
	demo    *demo.Demo
	options demo.Options
	ledger  *sqlite.Ledger
	spool   *flaky
	model   *warehousetest.Model
	loader  *loader.Loader
	reports *report.Engine
}

// now is in the afternoon, so that the last day has clicks.
var now = time.Date(2026, 3, 5, 17, 20, 0, 0, time.UTC)

// flaky is a spool that fails from some append on.
type flaky struct {
	spool.Spool
	left atomic.Int64 // appends that still work
}

func (f *flaky) Append(kind spool.Kind, at homing.Millis, data []byte) (spool.Position, error) {
	if f.left.Add(-1) < 0 {
		return 0, homing.ErrUnavailable
	}
	return f.Spool.Append(kind, at, data)
}

// open opens a stage whose demos reach back some days.
func open(t *testing.T, days int) *stage {
	t.Helper()
	s := &stage{T: t}
	clock := func() time.Time { return now }
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "0badcafe", Secret: [32]byte{1}})
	s.must(err)
	keyring := func() *homing.Keyring { return ring }
	s.ledger, err = sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Logger: log})
	s.must(err)
	t.Cleanup(func() { s.ledger.Close() })
	segments, err := segment.Open(segment.Options{Dir: filepath.Join(t.TempDir(), "spool"), SegmentSize: 4 << 20, Clock: clock})
	s.must(err)
	t.Cleanup(func() { segments.Close() })
	s.spool = &flaky{Spool: segments}
	s.spool.left.Store(1 << 40)
	settings, err := catalog.Open(t.Context(), catalog.Options{Ledger: s.ledger, Clock: clock, Keyring: keyring})
	s.must(err)
	s.options = demo.Options{
		Catalog: settings, Spool: s.spool, Decider: s.ledger, Keyring: keyring, Clock: clock, Log: log, Days: days,
		Journal: journal.Open(journal.Options{Spool: s.spool, Books: s.ledger, Clock: clock, Whole: 1000}),
	}
	s.model = warehousetest.NewModel()
	s.loader = loader.Open(loader.Options{
		Spool: s.spool, Books: s.ledger, Warehouse: s.model, View: settings.View, Keyring: keyring, Clock: clock, Log: log,
		Every: 10 * time.Millisecond,
	})
	s.reports = &report.Engine{Warehouse: s.model, View: settings.View, Keyring: keyring, Clock: clock, Fresh: s.loader.Fresh}
	s.begin(s.loader.Run)
	s.demo = demo.Open(s.options)
	s.begin(s.demo.Run)
	return s
}

// begin runs something until the test ends.
func (s *stage) begin(run func(context.Context)) {
	ctx, cancel := context.WithCancel(s.Context())
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	s.Cleanup(func() { cancel(); running.Wait() })
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// fill fills a demo and waits for its end.
func (s *stage) fill() demo.State {
	s.Helper()
	s.must(s.demo.Fill("test"))
	for deadline := time.Now().Add(20 * time.Second); s.demo.State().Running; {
		if time.Now().After(deadline) {
			s.Fatal("the demo takes more than 20 seconds")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return s.demo.State()
}

// ask answers a report of the demo's days.
func (s *stage) ask(scope report.Scope, pairs ...string) *report.Table {
	s.Helper()
	values := map[string][]string{"from": {"2026-02-01"}, "to": {"2026-03-06"}}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = append(values[pairs[i]], pairs[i+1])
	}
	q, err := report.Parse(values, report.Defaults{Now: homing.MillisOf(now)})
	s.must(err)
	s.must(s.loader.CatchUp(s.Context()))
	table, err := s.reports.Report(s.Context(), scope, q)
	s.must(err)
	return table
}

func TestADemoShowsSomethingEverywhere(t *testing.T) {
	s := open(t, demo.Days)
	state := s.fill()
	if state.Unfinished || state.Trouble != "" || state.Account == nil || !state.Account.Demo || state.Done != state.Total {
		t.Fatalf("the demo is %+v", state)
	}
	s.must(s.loader.CatchUp(t.Context()))
	reasons, statuses := map[homing.Reason]int{}, map[homing.Status]int{}
	days := map[warehouse.Day]bool{}
	everything := &warehouse.List{Until: homing.MaxOriginTime}
	for p, err := range s.model.Postbacks(t.Context(), everything) {
		s.must(err)
		reasons[p.Verdict.Reason]++
		if p.Account != state.Account.ID {
			t.Errorf("a call of account %s", p.Account)
		}
		if p.At > homing.MillisOf(now) {
			t.Errorf("a call of the future, %s", p.At)
		}
	}
	for c, err := range s.model.Conversions(t.Context(), everything) {
		s.must(err)
		statuses[c.Status]++
		if !c.Known {
			t.Errorf("conversion %s has no click", c.ID)
		}
	}
	clicks := 0
	for c, err := range s.model.Clicks(t.Context(), everything) {
		s.must(err)
		clicks++
		days[warehouse.DayAt(c.Time)] = true
		if c.Node != homing.DemoNode || c.Account != state.Account.ID {
			t.Fatalf("a click of node %d, account %s", c.Node, c.Account)
		}
	}
	for _, want := range []homing.Reason{homing.ReasonCounted, homing.ReasonHold, homing.ReasonDuplicate, homing.ReasonDuplicateValue, homing.ReasonLate,
		homing.ReasonCodeMacro, homing.ReasonCodeCut, homing.ReasonCodeOtherTracker, homing.ReasonValueComma, homing.ReasonValueAbove,
		homing.ReasonHTTPSRequired, homing.ReasonKeyWrong} {
		if reasons[want] == 0 {
			t.Errorf("no call is %s", want)
		}
	}
	for _, want := range []homing.Status{homing.Approved, homing.Pending, homing.Rejected, homing.LateStatus} {
		if statuses[want] == 0 {
			t.Errorf("no conversion is %s", want)
		}
	}
	if len(days) != demo.Days || clicks < 3000 {
		t.Errorf("%d clicks on %d days", clicks, len(days))
	}
	if refused := len(s.options.Journal.Recent(journal.Filter{Outcome: homing.Refused}, 100)); refused == 0 {
		t.Error("the last day's refusals are not in the log's memory")
	}
	t.Logf("%d clicks, conversions %v, calls %v", clicks, statuses, reasons)
}

// The loader tells by the spool's moments how far behind reports are, and which
// days are lost.
func TestTheSpoolKnowsNothingOfThePast(t *testing.T) {
	s := open(t, 3)
	s.fill()
	for record, err := range s.spool.Scan(t.Context(), spool.Query{}) {
		s.must(err)
		if record.At != homing.MillisOf(now) {
			t.Fatalf("a record is of %s", record.At)
		}
	}
	s.must(s.loader.CatchUp(t.Context()))
	if notices := s.loader.Notices(); len(notices) > 0 {
		t.Errorf("the loader says %q", notices)
	}
}

func TestADemoIsInNoTotalOfOthers(t *testing.T) {
	s := open(t, 3)
	_, _, _, err := s.options.Catalog.CreateAccount(t.Context(), "test", catalog.NewAccount{Name: "Real"})
	s.must(err)
	id := s.fill().Account.ID.String()
	clicks := func(table *report.Table) string { return table.Total.Cells[len(table.Total.Cells)-1].Text }
	all := s.ask(report.Scope{}, "metrics", "clicks")
	if got := clicks(all); got != "0" {
		t.Errorf("%s clicks of a demo are in the total", got)
	}
	if notes := strings.Join(all.Notes, " "); !strings.Contains(notes, "demo advertiser, number "+id) {
		t.Errorf("the notes do not tell: %s", notes)
	}
	for _, asked := range []*report.Table{
		s.ask(report.Scope{}, "metrics", "clicks", "where", "account="+id),
		s.ask(report.Scope{}, "metrics", "clicks", "where", "campaign=1,2,3"),
		s.ask(report.Scope{Account: s.demo.State().Account.ID}, "metrics", "clicks"),
	} {
		if got := clicks(asked); got == "0" {
			t.Error("a question about the demo has no clicks")
		}
	}
	s.must(s.demo.Remove(t.Context(), "test"))
	if got := clicks(s.ask(report.Scope{}, "metrics", "clicks")); got != "0" {
		t.Errorf("%s clicks of a removed demo are in the total", got)
	}
}

func TestADemoIsRemovedAndFilledAgain(t *testing.T) {
	s := open(t, 3)
	first := s.fill().Account
	if err := s.demo.Fill("test"); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("a second demo: %v", err)
	}
	s.must(s.demo.Remove(t.Context(), "test"))
	if state := s.demo.State(); state.Account != nil || state.Unfinished {
		t.Errorf("after the removal: %+v", state)
	}
	if err := s.demo.Remove(t.Context(), "test"); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	second := s.fill().Account
	if second.ID == first.ID {
		t.Error("the number of the account was used again")
	}
	seen := map[homing.Origin]bool{}
	for record, err := range s.spool.Scan(t.Context(), spool.Query{Kinds: spool.SetOf(spool.KindClick)}) {
		s.must(err)
		var c homing.Click
		s.must(homing.DecodeClick(&c, record.Data))
		if seen[c.Origin] {
			t.Fatalf("two clicks share %+v", c.Origin)
		}
		seen[c.Origin] = true
	}
	values := homing.Money(0)
	for c, err := range s.ledger.Conversions(t.Context(), ledger.ConversionQuery{Account: first.ID}) {
		s.must(err)
		values += c.Value.Money
	}
	if values != 0 {
		t.Errorf("%s of values are left of the first demo", values)
	}
}

// A filling that ended early is seen, by whoever comes after a crash, too.
func TestAnInterruptedDemoCanBeRemoved(t *testing.T) {
	s := open(t, 3)
	s.spool.left.Store(500)
	state := s.fill()
	if !state.Unfinished || state.Trouble == "" {
		t.Fatalf("the demo is %+v", state)
	}
	after := demo.Open(s.options)
	if state := after.State(); !state.Unfinished || state.Running {
		t.Errorf("after a start the demo is %+v", state)
	}
	if err := after.Fill("test"); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("it is filled on: %v", err)
	}
	s.must(after.Remove(t.Context(), "test"))
	s.spool.left.Store(1 << 40)
	if state := s.fill(); state.Unfinished {
		t.Errorf("the next demo is %+v", state)
	}
}
