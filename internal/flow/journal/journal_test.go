package journal_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/journal"
)

const start homing.Millis = 1_800_000_000_000

// stage is a journal over real engines in a directory, with a clock to move.
type stage struct {
	*journal.Journal
	t      *testing.T
	dir    string
	now    homing.Millis
	books  *sqlite.Ledger
	spool  *segment.Spool
	n      uint32
	learnt string // a key that has become known
}

func (s *stage) mask(p *homing.Postback) {
	if s.learnt != "" {
		p.Target = strings.ReplaceAll(p.Target, s.learnt, "key:123456")
	}
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), now: start}
	s.reopen()
	t.Cleanup(s.close)
	return s
}

func (s *stage) reopen() {
	s.t.Helper()
	var err error
	if s.books, err = sqlite.Open(sqlite.Options{Path: filepath.Join(s.dir, "ledger.db")}); err != nil {
		s.t.Fatal(err)
	}
	clock := func() time.Time { return s.now.Time() }
	if s.spool, err = segment.Open(segment.Options{Dir: filepath.Join(s.dir, "spool"), SegmentSize: 1 << 20, Clock: clock}); err != nil {
		s.t.Fatal(err)
	}
	s.Journal = journal.Open(journal.Options{Spool: s.spool, Books: s.books, Clock: clock, Whole: 10,
		Mask: func(p *homing.Postback) { s.mask(p) }})
}

func (s *stage) close() {
	s.t.Helper()
	if err := s.spool.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.books.Close(); err != nil {
		s.t.Error(err)
	}
}

// postback makes one for an account, a millisecond after the one before.
func (s *stage) postback(account homing.AccountID, o homing.Outcome, r homing.Reason) *homing.Postback {
	s.n++
	s.now++
	p := &homing.Postback{
		Request: homing.NewRequestID(s.now, 1, s.n), At: s.now, Addr: netip.MustParseAddr("192.0.2.0"),
		Method: "GET", Target: "/api/v1/cpa/action/x", Account: account,
	}
	p.Verdict = homing.Verdict{Outcome: o, Reason: r}
	return p
}

func (s *stage) counted(account homing.AccountID) *homing.Postback {
	s.t.Helper()
	p := s.postback(account, homing.Counted, homing.ReasonCounted)
	p.Origin = homing.Origin{Time: s.now - 1, Node: 1, Campaign: 1}
	p.Click = homing.ClickID{1, byte(s.n)}
	_, err := s.books.Decide(s.t.Context(), &ledger.Claim{
		Click: p.Origin, Account: account, Campaign: 1, Status: homing.Approved, At: p.At, Request: p.Request,
		Receipt: homing.AppendPostback(nil, p),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Counted(p)
	return p
}

func (s *stage) duplicate(account homing.AccountID) *homing.Postback {
	s.t.Helper()
	p := s.postback(account, homing.Duplicate, homing.ReasonDuplicate)
	if err := s.Duplicate(p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *stage) refused(account homing.AccountID) *homing.Postback {
	p := s.postback(account, homing.Refused, homing.ReasonCodeMacro)
	s.Refused(p)
	return p
}

// list reads the log from the stores. A click is appended first: what went
// behind is durable when something that came after it is.
func (s *stage) list(f journal.Filter) (entries []journal.Entry) {
	s.t.Helper()
	if _, err := s.spool.Append(spool.KindClick, s.now, []byte("click")); err != nil {
		s.t.Fatal(err)
	}
	for e, err := range s.List(s.t.Context(), f) {
		if err != nil {
			s.t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func requests(entries []journal.Entry) (ids []string) {
	for _, e := range entries {
		ids = append(ids, e.Request.String())
	}
	return ids
}

func idsOf(postbacks ...*homing.Postback) (ids []string) {
	for _, p := range postbacks {
		ids = append(ids, p.Request.String())
	}
	return ids
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestEveryPostbackIsListedOnceInOrder(t *testing.T) {
	s := open(t)
	a, b, c, d := s.counted(1), s.duplicate(1), s.refused(2), s.counted(2)
	same(t, "list", requests(s.list(journal.Filter{})), idsOf(a, b, c, d))
	same(t, "account 1", requests(s.list(journal.Filter{Account: 1})), idsOf(a, b))
	same(t, "refused", requests(s.list(journal.Filter{Outcome: homing.Refused})), idsOf(c))
	same(t, "since", requests(s.list(journal.Filter{Since: c.At})), idsOf(c, d))
	same(t, "recent", requests(s.Recent(journal.Filter{}, 3)), idsOf(d, c, b))
	same(t, "recent of 1", requests(s.Recent(journal.Filter{Account: 1}, 9)), idsOf(b, a))
}

func TestRefusalsBeyondTheLimitAreCounted(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	for range 25 {
		p := s.postback(3, homing.Refused, homing.ReasonCodeCut)
		s.now = start // all in one second
		s.Refused(p)
	}
	cancel()
	s.Keep(ctx) // writes what was counted, and ends
	whole, counted := 0, uint64(0)
	for _, e := range s.list(journal.Filter{}) {
		if e.Request == (homing.RequestID{}) {
			counted += e.Count
		} else {
			whole++
		}
	}
	if whole != 10 || counted != 15 {
		t.Errorf("%d whole and %d counted, want 10 and 15", whole, counted)
	}
	if n := s.Shed(); n != 15 {
		t.Errorf("%d are told to be only counted", n)
	}
}

func TestMemoryIsFilledAfterARestart(t *testing.T) {
	s := open(t)
	a, b := s.counted(1), s.duplicate(1)
	s.close()
	s.reopen()
	fill := s.Fill(t.Context())
	c := s.counted(1) // while it is being filled
	if err := fill(); err != nil {
		t.Fatal(err)
	}
	same(t, "recent", requests(s.Recent(journal.Filter{}, 9)), idsOf(c, b, a))
}

func TestWatchersAreToldWhatFits(t *testing.T) {
	s := open(t)
	w := s.Watch(journal.Filter{Account: 2})
	s.counted(1)
	want := s.refused(2)
	if got := <-w.C; got.Request != want.Request {
		t.Errorf("told %s, want %s", got.Request, want.Request)
	}
	w.Close()
	s.refused(2)
	select {
	case e := <-w.C:
		t.Errorf("told %s after the end", e.Request)
	default:
	}
}

func TestOfClickFindsAllItsPostbacks(t *testing.T) {
	s := open(t)
	first := s.counted(1)
	s.counted(1)
	again := s.postback(1, homing.Duplicate, homing.ReasonDuplicate)
	again.Click, again.Origin = first.Click, first.Origin
	if err := s.Duplicate(again); err != nil {
		t.Fatal(err)
	}
	s.refused(1)
	var got []journal.Entry
	for e, err := range s.OfClick(t.Context(), first.Origin, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	same(t, "of click", requests(got), idsOf(first, again))
}

// TestWhatIsReadIsMaskedAgain: a key may be imported after it was used.
func TestWhatIsReadIsMaskedAgain(t *testing.T) {
	s := open(t)
	first := s.counted(1)
	again := s.postback(1, homing.Duplicate, homing.ReasonDuplicate)
	again.Click, again.Origin, again.Target = first.Click, first.Origin, "/a?key=short"
	if err := s.Duplicate(again); err != nil {
		t.Fatal(err)
	}
	s.learnt = "short"
	all := append(s.list(journal.Filter{}), s.Recent(journal.Filter{}, 10)...)
	for e, err := range s.OfClick(t.Context(), first.Origin, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	masked := 0
	for _, e := range all {
		if e.Target == "/a?key=key:123456" {
			masked++
		}
		if strings.Contains(e.Target, "short") {
			t.Errorf("read %s", e.Target)
		}
	}
	if len(all) != 6 || masked != 3 {
		t.Errorf("%d entries, %d masked", len(all), masked)
	}
}

func TestASurveyTellsSinceWhenItIsComplete(t *testing.T) {
	s := open(t)
	s.counted(1)
	s.refused(1)
	s.refused(2)
	n := 0
	if since := s.Survey(journal.Filter{Account: 1}, func(*journal.Entry) { n++ }); n != 2 || since != s.now-24*60*60*1000 {
		t.Errorf("%d entries since %d, want 2 since a day", n, since)
	}
	var first homing.Millis
	for i := range 20_001 {
		p := s.postback(3, homing.Counted, homing.ReasonCounted)
		if i == 1 {
			first = p.At
		}
		s.Counted(p)
	}
	if since := s.Survey(journal.Filter{Account: 1}, func(*journal.Entry) { t.Error("overwritten") }); since != first {
		t.Errorf("since %d, want %d", since, first)
	}
}
