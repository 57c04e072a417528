package journal_test

import (
	"errors"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/journal"
)

// Every entry is found by its request alone, wherever it is; old ones, too, and
// without a walk through all that came before.
func TestEntriesAreFoundByTheirRequest(t *testing.T) {
	s := open(t)
	var all []*homing.Postback
	for i := range 60 {
		s.now += 60_000
		switch i % 3 {
		case 0:
			all = append(all, s.counted(1))
		case 1:
			all = append(all, s.duplicate(1))
		default:
			all = append(all, s.refused(1))
		}
	}
	if _, err := s.spool.Append(spool.KindClick, s.now, []byte("click")); err != nil { // what went behind is durable now
		t.Fatal(err)
	}
	for _, p := range all {
		if e, ok := s.Remembered(p.Request); !ok || e.Request != p.Request {
			t.Errorf("%s is not remembered", p.Request)
		}
	}
	s.now += homing.Millis(48 * time.Hour / time.Millisecond)
	s.close()
	s.reopen()
	for _, p := range all {
		if _, ok := s.Remembered(p.Request); ok {
			t.Fatal("the memory is not empty")
		}
		e, err := s.Find(t.Context(), nil, p.Request)
		if err != nil || e.Request != p.Request || e.Verdict.Outcome != p.Verdict.Outcome {
			t.Errorf("%s (%s): %+v, %v", p.Request, p.Verdict.Outcome, e, err)
		}
	}
	for _, id := range []homing.RequestID{{}, {1}, homing.NewRequestID(all[0].At, 1, 999), homing.NewRequestID(1<<47, 1, 1)} {
		if _, err := s.Find(t.Context(), nil, id); !errors.Is(err, homing.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAWatcherWhoIsTooSlowIsToldHowManyItMissed(t *testing.T) {
	s := open(t)
	w := s.Watch(journal.Filter{Also: func(e *journal.Entry) bool { return e.Account == 2 }})
	defer w.Close()
	for range 1500 {
		s.Counted(s.postback(2, homing.Counted, homing.ReasonCounted))
		s.Counted(s.postback(1, homing.Counted, homing.ReasonCounted))
	}
	if missed := w.Missed(); missed != 1500-1024 {
		t.Errorf("missed %d", missed)
	}
	if w.Missed() != 0 {
		t.Error("they are told twice")
	}
	if e := <-w.C; e.Account != 2 {
		t.Errorf("told of account %d", e.Account)
	}
}

// What was erased is out of memory at once, and does not come back by a restart.
func TestWhatIsErasedIsForgotten(t *testing.T) {
	s := open(t)
	account := homing.Account{Name: "Mine", PublicID: "mine", Currency: "USD"}
	if err := s.books.Apply(t.Context(), ledger.Actor{Name: "test"}, ledger.PutAccount{Account: &account}); err != nil {
		t.Fatal(err)
	}
	of := func(p *homing.Postback, click homing.Origin, o homing.Outcome) *homing.Postback {
		p.Click, p.Origin, p.Target, p.Verdict.Outcome = homing.ClickID{9}, click, "/a?secret", o
		return p
	}
	for range 20_000 { // of before; most are overwritten
		s.Counted(s.postback(7, homing.Counted, homing.ReasonCounted))
	}
	before := s.counted(account.ID)
	other := s.counted(2)
	again := of(s.postback(account.ID, homing.Duplicate, homing.ReasonDuplicate), before.Origin, homing.Duplicate)
	if err := s.Duplicate(again); err != nil {
		t.Fatal(err)
	}
	s.Refused(of(s.postback(account.ID, homing.Refused, homing.ReasonValueComma), before.Origin, homing.Refused))
	alone := s.refused(account.ID) // of no click
	if n := len(s.Recent(journal.Filter{Click: before.Origin}, 9)); n != 3 {
		t.Fatalf("%d entries of the click", n)
	}
	hashLead := func(string) string { return "~00" }
	erase := func(edit ledger.Edit, e ledger.Erasure) {
		t.Helper()
		if err := s.books.Apply(t.Context(), ledger.Actor{Name: "test"}, edit); err != nil {
			t.Fatal(err)
		}
		s.Forget(e)
	}
	erase(ledger.EraseClick{Click: before.Origin, Lead: hashLead}, ledger.Erasure{Click: before.Origin})
	check := func(when string) {
		t.Helper()
		if got := s.Recent(journal.Filter{Click: before.Origin}, 9); len(got) != 0 {
			t.Errorf("%s the click's are there: %v", when, requests(got))
		}
		if _, err := s.Find(t.Context(), nil, again.Request); !errors.Is(err, homing.ErrNotFound) {
			t.Errorf("%s the repeat is found: %v", when, err)
		}
		for _, p := range []*homing.Postback{other, alone} {
			if _, ok := s.Remembered(p.Request); !ok {
				t.Errorf("%s %s is gone, too", when, p.Request)
			}
		}
	}
	check("at once")
	last := s.counted(3) // the memory goes on where it was
	same(t, "the newest", requests(s.Recent(journal.Filter{}, 3)), idsOf(last, alone, other))
	for range 10 { // more than there is room for: the oldest go
		s.counted(3)
	}
	if _, ok := s.Remembered(other.Request); !ok {
		t.Error("newer ones are overwritten before older ones")
	}
	complete := s.Survey(journal.Filter{}, func(*journal.Entry) {})
	if complete <= start || complete >= before.At {
		t.Errorf("it says to be complete since %d", complete-start)
	}
	restart := func() {
		t.Helper()
		if _, err := s.spool.Append(spool.KindClick, s.now, []byte("click")); err != nil { // what went behind is durable now
			t.Fatal(err)
		}
		s.close()
		s.reopen()
		if err := s.Fill(t.Context())(); err != nil {
			t.Fatal(err)
		}
	}
	restart()
	check("after a restart")
	erase(ledger.EraseAccount{Account: account.ID, Lead: hashLead}, ledger.Erasure{Account: account.ID})
	for range 2 {
		if got := s.Recent(journal.Filter{Account: account.ID}, 9); len(got) != 0 {
			t.Errorf("of an erased account: %v", requests(got))
		}
		if _, ok := s.Remembered(other.Request); !ok {
			t.Error("others' are gone, too")
		}
		restart()
	}
}
