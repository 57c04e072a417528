package rehearse_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/journal"
	"homing/internal/flow/rehearse"
	"homing/internal/rule/judge"
)

// again judges once more and commits; it wants to be counted.
func (s *stage) replay(e *journal.Entry) *rehearse.Finding {
	s.t.Helper()
	f, err := s.Commit(s.t.Context(), "user 3", "the range was too narrow", e)
	s.must(err)
	return f
}

// cheap is a call below the price range, of two days before, whose account's range
// has been widened since.
func cheap(s *stage) *journal.Entry {
	e := s.refused(s.click(s.campaign, time.Hour), "?value=0.002", homing.ReasonValueBelow, nil)
	s.pass(48 * time.Hour)
	_, err := s.catalog.UpdateAccount(s.t.Context(), "test", s.account.ID, func(a *homing.Account) { a.PriceMin = 1000 })
	s.must(err)
	return e
}

func TestACallIsReplayedAfterTheSettingWasMended(t *testing.T) {
	s := open(t)
	e := s.refused(s.click(s.campaign, time.Hour), "?value=0.002", homing.ReasonValueBelow, nil)
	f, err := s.Again(t.Context(), e)
	s.must(err)
	if f.Postback.Verdict.Reason != homing.ReasonValueBelow || f.Status != 400 {
		t.Fatalf("before it was mended: %s", f.Postback.Verdict.Reason)
	}
	if _, err := s.Commit(t.Context(), "user 3", "why", e); !errors.Is(err, homing.ErrConflict) {
		t.Fatalf("committed all the same: %v", err)
	}
	e = cheap(s)
	if f, err = s.Again(t.Context(), e); err != nil || f.Postback.Verdict.Outcome != homing.Counted || stateOf(f, "Key") != judge.Skipped {
		t.Fatalf("foretold: %+v, %v", f, err)
	}
	if len(s.conversions()) != 0 {
		t.Fatal("a dry run made a conversion")
	}
	f = s.replay(e)
	c := s.conversions()[0]
	if c.At != e.At || c.Value != homing.ValueOf(2000) || c.Status != homing.Approved || c.Request != f.Postback.Request || !c.Flags.Has(homing.FlagReplayed) {
		t.Errorf("made %+v", c)
	}
	history, err := s.books.History(t.Context(), c.ID)
	s.must(err)
	if h := history[0]; h.Actor != "user 3" || h.At != s.millis() || h.Reason != "replay of "+e.Request.String()+": the range was too narrow" {
		t.Errorf("its history says %+v", h)
	}
	logged, ok := s.journal.Remembered(f.Postback.Request)
	if of, target := judge.Replayed(&logged.Postback); !ok || logged.At != s.millis() || of != e.Request || target != e.Target {
		t.Errorf("logged %+v", logged)
	}
	stored, err := s.journal.Stored(t.Context(), f.Postback.Request)
	if err != nil || stored.Target != logged.Target || stored.Conversion != c.ID || stored.At != s.millis() {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

func TestASecondReplayFindsADuplicate(t *testing.T) {
	s := open(t)
	e := cheap(s)
	s.replay(e)
	f, err := s.Commit(t.Context(), "user 4", "again", e)
	if !errors.Is(err, homing.ErrConflict) || f.Postback.Verdict.Outcome != homing.Duplicate || f.Postback.Conversion != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	if n := len(s.conversions()); n != 1 {
		t.Errorf("%d conversions", n)
	}
}

func TestConcurrentReplaysCountOnce(t *testing.T) {
	s := open(t)
	e := cheap(s)
	var counted, conflicts atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			_, err := s.Commit(context.Background(), "user 3", "why", e)
			switch {
			case err == nil:
				counted.Add(1)
			case errors.Is(err, homing.ErrConflict):
				conflicts.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if counted.Load() != 1 || conflicts.Load() != 15 || len(s.conversions()) != 1 {
		t.Errorf("%d counted, %d conflicts, %d conversions", counted.Load(), conflicts.Load(), len(s.conversions()))
	}
	if n := len(s.journal.Recent(journal.Filter{Outcome: homing.Counted}, 100)); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// Key, sender and https are vouched for; what the account may do is not.
func TestWhatIsVouchedForAndWhatIsNot(t *testing.T) {
	s := open(t)
	o := s.click(s.campaign, time.Hour)
	for _, c := range []struct {
		query  string
		was    homing.Reason
		change func(*homing.Postback)
		now    homing.Reason
	}{
		{"?lead_code=a&value=1", homing.ReasonHTTPSRequired, func(p *homing.Postback) { p.Lead = "a" }, homing.ReasonCounted},
		{"?lead_code=b&value=1&key=nosuchkeynosuchkeynosuchkeynosuchkey", homing.ReasonKeyWrong, func(p *homing.Postback) { p.Lead = "b" }, homing.ReasonCounted},
		{"?price=1", homing.ReasonKeyMissingForPrice, nil, homing.ReasonCounted},
		{"?value=1,5", homing.ReasonValueComma, nil, homing.ReasonValueComma},
		{"?value=1;x", homing.ReasonQuerySyntax, nil, homing.ReasonQuerySyntax},
		{"?value=1", homing.ReasonMethod, func(p *homing.Postback) { p.Method = "POST" }, homing.ReasonMethod},
		{"?value=1", homing.ReasonBody, nil, homing.ReasonBody},
		{"", homing.ReasonCodeCut, func(p *homing.Postback) {
			p.Target, p.Click, p.Origin, p.Campaign = "/api/v1/cpa/action/c86b", homing.ClickID{}, homing.Origin{}, 0
		}, homing.ReasonCodeCut},
	} {
		f, err := s.Again(t.Context(), s.refused(o, c.query, c.was, c.change))
		s.must(err)
		if got := f.Postback.Verdict; got.Reason != c.now || !got.Flags.Has(homing.FlagReplayed) {
			t.Errorf("%s %q: now %s %v, want %s", c.was, c.query, got.Reason, got.Flags.Names(), c.now)
		}
	}
	single := s.refused(s.click(s.ofPlain, time.Hour), "?lead_code=a", homing.ReasonKeyMissing, func(p *homing.Postback) { p.Lead = "a" })
	if f, err := s.Again(t.Context(), single); err != nil || f.Postback.Verdict.Reason != homing.ReasonMultiLeadForbidden {
		t.Errorf("an account that may not send leads: %+v, %v", f, err)
	}
}

// A lead code stands as it was sent, and not as a target masks it.
func TestTheLeadCodeIsTheOneThatWasSent(t *testing.T) {
	s := open(t)
	long := strings.Repeat("Zz9", 13) // looks like a key
	e := s.refused(s.click(s.campaign, time.Hour), "?lead_code="+long, homing.ReasonKeyMissing, func(p *homing.Postback) { p.Lead = long })
	if strings.Contains(e.Target, long) {
		t.Fatal("the target was not masked")
	}
	s.replay(e)
	if c := s.conversions()[0]; c.Lead != long {
		t.Errorf("stored %q", c.Lead)
	}
}

func TestWhatIsKeptIncompletelyIsNotReplayed(t *testing.T) {
	s := open(t)
	o := s.click(s.campaign, time.Hour)
	first := cheap(s)
	replayed := s.replay(first)
	for name, e := range map[string]*journal.Entry{
		"only counted": {Count: 12},
		"a replay":     {Postback: replayed.Postback, Count: 1},
		"cut": s.refused(o, "?value=1", homing.ReasonKeyWrong, func(p *homing.Postback) {
			p.Target += "&x=" + strings.Repeat("a.", homing.MaxTargetLen)
			p.Target = p.Target[:homing.MaxTargetLen]
		}),
		"erased": s.refused(o, "", homing.ReasonKeyWrong, func(p *homing.Postback) { p.Target = "" }),
	} {
		if _, err := s.Again(t.Context(), e); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Commit(t.Context(), "user 3", "why", e); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%s is committed: %v", name, err)
		}
	}
	for _, why := range []string{"", "  ", strings.Repeat("x", rehearse.MaxWhy+1)} {
		if _, err := s.Commit(t.Context(), "user 3", why, first); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("reason %.10q: %v", why, err)
		}
	}
}

// A call that came too late stays so, however it is looked at: by its own time.
func TestLateCallsStayLate(t *testing.T) {
	s := open(t)
	inTime := s.refused(s.click(s.campaign, 29*24*time.Hour), "?value=0.002", homing.ReasonValueBelow, nil)
	late := s.refused(s.click(s.campaign, 31*24*time.Hour), "?value=0.002", homing.ReasonValueBelow, nil)
	cheap(s)
	s.pass(20 * 24 * time.Hour)
	if f := s.replay(inTime); f.Postback.Verdict.Outcome != homing.Counted {
		t.Errorf("in time then, %s now", f.Postback.Verdict.Outcome)
	}
	if f := s.replay(late); f.Postback.Verdict.Outcome != homing.Late {
		t.Errorf("late then, %s now", f.Postback.Verdict.Outcome)
	}
	if c := s.conversions(); c[0].Status != homing.Approved || c[1].Status != homing.LateStatus {
		t.Errorf("they stand as %s and %s", c[0].Status, c[1].Status)
	}
}

// Reports say what the ledger says: the conversion on the day of the first call,
// the entry of the log on the day of the replay, each once, also after everything
// was loaded anew.
func TestReportsEqualTheLedgerAfterAReplay(t *testing.T) {
	s := open(t)
	e := cheap(s)
	f := s.replay(e)
	// What came later is durable when this is.
	_, err := s.spool.Append(spool.KindClick, s.millis(), homing.AppendClick(nil, &homing.Click{Origin: s.click(s.campaign, 0)}))
	s.must(err)
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.loader.Run(ctx) })
	defer running.Wait()
	defer end()
	s.must(s.loader.CatchUp(t.Context()))
	day := homing.Millis(24 * time.Hour / time.Millisecond)
	count := func(m warehouse.Measure, basis warehouse.Basis, from homing.Millis) int64 {
		q := warehouse.Query{From: from, Until: from + day, Basis: basis, Measures: warehouse.SetOf(m), Total: true, Limit: 1}
		answer, err := s.warehouse.Ask(t.Context(), &q)
		s.must(err)
		return answer.Total.Measures[m]
	}
	then, now := e.At/day*day, s.millis()/day*day
	for what, got := range map[string]int64{
		"conversions of then":                  count(warehouse.Conversions, warehouse.ByConversion, then) - 1,
		"conversions of now":                   count(warehouse.Conversions, warehouse.ByConversion, now),
		"value of then":                        count(warehouse.Value, warehouse.ByConversion, then) - 2000,
		"conversions by click":                 count(warehouse.Conversions, warehouse.ByClick, e.Origin.Time/day*day) - 1,
		"calls that came then":                 count(warehouse.Postbacks, warehouse.ByConversion, then) - 1,
		"calls of now":                         count(warehouse.Postbacks, warehouse.ByConversion, now) - 1,
		"calls by click, the first among them": count(warehouse.Postbacks, warehouse.ByClick, e.Origin.Time/day*day) - 2,
		"refusals of then":                     count(warehouse.Refusals, warehouse.ByConversion, then) - 1,
		"refusals of now":                      count(warehouse.Refusals, warehouse.ByConversion, now),
	} {
		if got != 0 {
			t.Errorf("%s: %d too many", what, got)
		}
	}
	listed := 0
	for p, err := range s.warehouse.Postbacks(t.Context(), &warehouse.List{From: 1, Until: s.millis() + 1, Request: f.Postback.Request}) {
		s.must(err)
		if listed++; p.At != s.millis() || p.Conversion != 1 || !p.Verdict.Flags.Has(homing.FlagReplayed) {
			t.Errorf("listed %+v", p)
		}
	}
	if listed != 1 {
		t.Errorf("the replay is listed %d times", listed)
	}
	// The journal has it at its own time, too, from the stores alone.
	var seen []homing.RequestID
	for one, err := range s.journal.List(t.Context(), journal.Filter{Since: s.millis() - 1000}) {
		s.must(err)
		seen = append(seen, one.Request)
	}
	if len(seen) != 1 || seen[0] != f.Postback.Request {
		t.Errorf("the journal lists %v", seen)
	}
}
