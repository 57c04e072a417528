package journal_test

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/journal"
)

// shared is a warehouse that all nodes load into.
type shared struct {
	*warehousetest.Model
	t      *testing.T
	loaded uint64
	asked  []warehouse.List
	err    error
}

func (w *shared) Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	w.asked = append(w.asked, *l)
	if w.err != nil {
		return func(yield func(warehouse.Postback, error) bool) { yield(warehouse.Postback{}, w.err) }
	}
	return w.Model.Postbacks(ctx, l)
}

// load brings calls of a node.
func (w *shared) load(list ...*homing.Postback) {
	w.t.Helper()
	b := &warehouse.Batch{Source: "spool/2", First: w.loaded, Next: w.loaded + uint64(len(list))}
	for i, p := range list {
		row := warehouse.Postback{Postback: *p, Number: int64(w.loaded) + int64(i), Count: 1}
		row.Addr = homing.CutAddr(row.Addr)
		b.Postbacks = append(b.Postbacks, row)
	}
	if err := w.Load(w.t.Context(), b); err != nil {
		w.t.Fatal(err)
	}
	w.loaded = b.Next
}

func heardBy(s *stage, w *shared, fresh *homing.Millis) func() {
	round := s.Listener(journal.Others{Loaded: w, Fresh: func() homing.Millis { return *fresh }})
	return func() {
		s.t.Helper()
		if err := round(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// told is what a watcher was told by now.
func told(w *journal.Watcher) (list []*homing.Postback) {
	for {
		select {
		case e := <-w.C:
			list = append(list, &e.Postback)
		default:
			return list
		}
	}
}

// TestCallsOfOtherNodesAreHeardOf once, whichever way they come, and own ones are not
// heard of again.
func TestCallsOfOtherNodesAreHeardOf(t *testing.T) {
	s, fresh := open(t), homing.Millis(0)
	w := &shared{Model: warehousetest.NewModel(), t: t}
	listen := heardBy(s, w, &fresh)
	own := s.refused(1)
	watcher := s.Watch(journal.Filter{})
	defer watcher.Close()
	listen()
	refused := s.postback(1, homing.Refused, homing.ReasonCodeMacro)
	repeated := s.postback(1, homing.Duplicate, homing.ReasonDuplicate)
	tally := s.postback(2, homing.Refused, homing.ReasonCodeMacro)
	tally.Request = homing.RequestID{}
	w.load(refused, own, tally, repeated)
	fresh = s.now
	listen()
	listen()
	same(t, "in memory", requests(s.Recent(journal.Filter{}, 9)), idsOf(tally, repeated, refused, own))
	same(t, "told", idsOf(told(watcher)...), idsOf(refused, repeated, tally))
	if e, ok := s.Remembered(refused.Request); !ok || e.Target != refused.Target {
		t.Errorf("remembered: %+v, %v", e, ok)
	}

	// What this node logs a moment later than it was loaded is not there twice.
	late := s.postback(1, homing.Counted, homing.ReasonCounted)
	w.load(late)
	listen()
	s.Counted(late)
	same(t, "told", idsOf(told(watcher)...), idsOf(late))

	// A node that was away brings calls of hours: they are there, and no news.
	s.now += homing.MillisIn(3 * time.Hour)
	fresh = s.now
	listen()
	s.now -= homing.MillisIn(2 * time.Hour)
	old := s.postback(1, homing.Refused, homing.ReasonValueComma)
	s.now += homing.MillisIn(2 * time.Hour)
	w.load(old)
	listen()
	if _, ok := s.Remembered(old.Request); ok {
		t.Error("a look that is not wide goes back for hours")
	}
	s.now += homing.MillisIn(2 * time.Minute)
	listen()
	if _, ok := s.Remembered(old.Request); !ok || len(told(watcher)) > 0 {
		t.Error("what comes hours late is not in memory, or is told as news")
	}
	if n := len(s.Recent(journal.Filter{}, 99)); n != 6 {
		t.Errorf("%d entries", n)
	}
}

// TestWhatWasErasedIsNotHeardOfAgain: the warehouse still has the calls, blanked.
func TestWhatWasErasedIsNotHeardOfAgain(t *testing.T) {
	s, fresh := open(t), homing.Millis(0)
	w := &shared{Model: warehousetest.NewModel(), t: t}
	account := homing.Account{Name: "Mine", PublicID: "mine", Currency: "USD"}
	apply := func(edit ledger.Edit) {
		t.Helper()
		if err := s.books.Apply(t.Context(), ledger.Actor{Name: "test"}, edit); err != nil {
			t.Fatal(err)
		}
	}
	apply(ledger.PutAccount{Account: &account})
	click := homing.Origin{Time: s.now, Node: 2, Campaign: 1}
	of := func(account homing.AccountID, click homing.Origin) *homing.Postback {
		p := s.postback(account, homing.Refused, homing.ReasonCodeMacro)
		if p.Origin = click; click != (homing.Origin{}) {
			p.Click = homing.ClickID{7}
		}
		return p
	}
	before, mine, other := of(9, click), of(account.ID, homing.Origin{}), of(9, homing.Origin{})
	hash := func(string) string { return "~00" }
	apply(ledger.EraseClick{Click: click, Lead: hash}) // before anybody listened
	listen := heardBy(s, w, &fresh)
	w.load(before, mine, other)
	listen()
	same(t, "at first", requests(s.Recent(journal.Filter{}, 9)), idsOf(other, mine))
	s.Forget(ledger.Erasure{Account: account.ID})
	again := of(account.ID, homing.Origin{})
	w.load(again)
	for range 3 {
		s.now += homing.MillisIn(5 * time.Minute)
		listen()
	}
	same(t, "afterwards", requests(s.Recent(journal.Filter{}, 9)), idsOf(other))
}

// TestManyCallsOfOtherNodes: what memory does not hold, or no look has brought, is
// told as missing.
func TestManyCallsOfOtherNodes(t *testing.T) {
	s, fresh := open(t), homing.Millis(0)
	w := &shared{Model: warehousetest.NewModel(), t: t}
	listen := heardBy(s, w, &fresh)
	listen()
	complete := func() homing.Millis { return s.Survey(journal.Filter{}, func(*journal.Entry) {}) }
	if got, want := complete(), s.now-homing.MillisIn(24*time.Hour); got != want {
		t.Errorf("complete since %d, want %d", got-start, want-start)
	}
	many := func(n int) (list []*homing.Postback) {
		for range n {
			p := s.postback(1, homing.Refused, homing.ReasonCodeMacro)
			p.Addr = netip.MustParseAddr("192.0.2.0")
			list = append(list, p)
		}
		return list
	}
	fresh = s.now
	listen()
	first := many(3000)
	w.load(first...)
	listen()
	listen()
	if got := complete(); got > first[0].At {
		t.Errorf("complete since %d, and all was heard", got-start)
	}
	second := many(6000)
	w.load(second...)
	listen()
	if got, want := complete(), second[1000].At+1; got != want {
		t.Errorf("complete since %d, want %d: a thousand were passed over", got-start, want-start)
	}
	if n := len(s.Recent(journal.Filter{}, 1<<20)); n != 8000 {
		t.Errorf("%d entries", n)
	}
	s.now += homing.MillisIn(time.Minute)
	listen() // all of the day
	if n := len(s.Recent(journal.Filter{}, 1<<20)); n != 9000 {
		t.Errorf("%d entries", n)
	}
	// What memory has no more does not come back.
	for range 20_000 {
		s.Counted(s.postback(7, homing.Counted, homing.ReasonCounted))
	}
	s.now += homing.MillisIn(time.Minute)
	listen()
	if n := len(s.Recent(journal.Filter{Account: 1}, 1<<20)); n != 0 {
		t.Errorf("%d entries have come back", n)
	}
	last := w.asked[len(w.asked)-1]
	if last.Limit < 9000 || last.From > first[0].At {
		t.Errorf("the last look was %+v", last)
	}
}

// TestTheWarehouseOfOthersIsAway for a while.
func TestTheWarehouseOfOthersIsAway(t *testing.T) {
	s := open(t)
	w := &shared{Model: warehousetest.NewModel(), t: t, err: fmt.Errorf("the test says so: %w", homing.ErrUnavailable)}
	ctx, end := context.WithCancel(t.Context())
	failed, done := make(chan error, 9), make(chan struct{})
	go func() {
		defer close(done)
		s.FollowOthers(ctx, journal.Others{Loaded: w, Every: time.Millisecond, Failed: func(err error) { failed <- err; end() }})
	}()
	time.Sleep(50 * time.Millisecond)
	end()
	<-done
	if len(failed) > 0 || len(w.asked) < 2 {
		t.Errorf("it was tried %d times, and told %d times", len(w.asked), len(failed))
	}
	w.err = fmt.Errorf("the test says so: %w", homing.ErrDamaged)
	ctx, end = context.WithCancel(t.Context())
	s.FollowOthers(ctx, journal.Others{Loaded: w, Every: time.Millisecond, Failed: func(err error) { failed <- err; end() }})
	if len(failed) != 1 {
		t.Errorf("damage was told %d times", len(failed))
	}
}
