package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

func (h *house) feed(token, query string) Feed {
	h.t.Helper()
	return into[Feed](h.get(token, "/conversions"+query).want(200))
}

func TestFeed(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	token := h.token(0, homing.AllScopes)
	if got := h.feed(token, ""); len(got.Rows) != 0 || got.Next != "0" {
		t.Errorf("an empty feed: %+v", got)
	}
	start := h.feed(token, "?after=now").Next
	click := h.click(one)
	id := h.convert(one, click, "lead")
	h.must(h.ledger.Amend(t.Context(), ledger.Amendment{Conversion: id, From: homing.Approved, To: homing.Rejected, At: homing.MillisOf(noon) + 5, Actor: "user 3", Reason: "chargeback"}))

	got := h.feed(token, "?after="+start)
	if len(got.Rows) != 2 || got.Next != "2" {
		t.Fatalf("%+v", got)
	}
	first, second := got.Rows[0], got.Rows[1]
	if first.Cursor != "1" || first.Change.From != nil || first.Change.To != homing.Approved || first.Change.Actor != "postback" {
		t.Errorf("first %+v", first)
	}
	if *second.Change.From != homing.Approved || second.Change.To != homing.Rejected || second.Change.Actor != "user" ||
		second.Change.Reason != "chargeback" || second.Change.At != "2026-11-22T12:00:00.005Z" {
		t.Errorf("second %+v", second.Change)
	}
	c := first.Conversion
	if c.Status != homing.Rejected || c.ClickID != h.ring.Seal(click) || c.AccountRef != "one" || c.CampaignRef != "spring" || c.LeadCode != "lead" ||
		c.Value != homing.ValueOf(3*homing.Unit/2) || c.Currency != "EUR" {
		t.Errorf("conversion %+v", c)
	}
	if got := h.feed(token, "?limit=1"); len(got.Rows) != 1 || got.Next != "1" {
		t.Errorf("a page of one: %+v", got)
	}
	if got := h.feed(token, "?after=1&limit=1"); got.Rows[0].Cursor != "2" || got.Next != "2" {
		t.Errorf("the next: %+v", got)
	}
	if got := h.feed(token, "?after=now"); len(got.Rows) != 0 || got.Next != "2" {
		t.Errorf("now: %+v", got)
	}
	if link := h.get(token, "/conversions?limit=1").Header().Get("Link"); link != `</api/v1/conversions?after=1&limit=1>; rel="next"` {
		t.Errorf("Link %q", link)
	}
	h.get(token, "/conversions?after=3").problem(409, "cursor-ahead")
	for _, bad := range []string{"after=x", "after=-1", "after=01", "after=99999999999999999999", "wait=61s", "wait=30", "wait=-1s", "limit=0", "limit=1001", "cursor=1"} {
		h.get(token, "/conversions?"+bad).problem(400, "invalid")
	}
}

// An account sees its own only, and its cursor moves on over the others'.
// Made-up conversions must not be billed by whoever follows all accounts.
func TestFeedLeavesDemosOut(t *testing.T) {
	h := newHouse(t)
	real := h.account("one")
	demo, _, _, err := h.catalog.CreateAccount(t.Context(), "test", catalog.NewAccount{Name: "Demo", Demo: true})
	h.must(err)
	c, err := h.catalog.CreateCampaign(t.Context(), "test", catalog.NewCampaign{Account: demo.ID, Name: "Made up", URL: "https://shop.example/?c={click_id}"})
	h.must(err)
	h.convert(&demo, homing.Origin{Time: homing.MillisOf(noon) - 9, Node: homing.DemoNode, Campaign: c.ID}, "")
	h.convert(real, h.click(real), "")
	if got := h.feed(h.token(0, homing.AllScopes), ""); len(got.Rows) != 1 || got.Rows[0].Conversion.AccountRef != "one" || got.Next != "2" {
		t.Errorf("of all accounts: %+v", got)
	}
	if got := h.feed(h.token(demo.ID, homing.AllScopes), ""); len(got.Rows) != 1 {
		t.Errorf("of the demo itself: %+v", got)
	}
}

func TestFeedOfAnAccount(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.account("mine"), h.account("theirs")
	token := h.token(mine.ID, homing.ScopeConversions)
	for range 5 {
		h.convert(theirs, h.click(theirs), "secret")
	}
	number := func(cursor string) int64 {
		t.Helper()
		n, ok := h.ring.OpenPlace(mine.ID, cursor)
		if !ok || len(cursor) != 22 {
			t.Errorf("cursor %q", cursor)
		}
		return n
	}
	first := h.feed(token, "")
	if len(first.Rows) != 0 || number(first.Next) != 5 {
		t.Errorf("nothing of mine: %+v", first)
	}
	if again := h.feed(token, "?after=0"); again.Next == first.Next {
		t.Errorf("the cursor tells that nothing happened: %q", again.Next)
	}
	h.convert(mine, h.click(mine), "")
	h.convert(theirs, h.click(theirs), "")
	for _, after := range []string{"", "0", first.Next} {
		if got := h.feed(token, "?after="+after); len(got.Rows) != 1 || number(got.Rows[0].Cursor) != 6 || number(got.Next) != 7 {
			t.Errorf("after %q, one of mine: %+v", after, got)
		}
	}
	h.convert(mine, h.click(mine), "")
	if got := h.feed(token, "?after="+first.Next+"&limit=1"); len(got.Rows) != 1 || number(got.Next) != 6 {
		t.Errorf("a page of one: %+v", got)
	} else if next := h.feed(token, "?after="+got.Rows[0].Cursor); len(next.Rows) != 1 || number(next.Rows[0].Cursor) != 8 {
		t.Errorf("behind a row: %+v", next)
	}
	if got := h.feed(token, "?after=now"); len(got.Rows) != 0 || number(got.Next) != 8 {
		t.Errorf("now: %+v", got)
	}
	// Numbers would let an account try how many changes there are.
	for _, cursor := range []string{"5", "8", "9", "99999", "x", h.ring.SealPlace(1, theirs.ID, 3)} {
		h.get(token, "/conversions?after="+cursor).problem(400, "invalid")
	}
	h.get(token, "/conversions?after="+h.ring.SealPlace(1, mine.ID, 9)).problem(409, "cursor-ahead")
	h.get(h.token(0, homing.AllScopes), "/conversions?after="+first.Next).problem(400, "invalid")
}

// Readers that follow while conversions are committed get each change once, in
// order.
func TestFeedUnderCommits(t *testing.T) {
	h := newHouse(t)
	one, two := h.account("one"), h.account("two")
	server := h.serve(nil)
	const writers, each = 4, 60
	clicks := make([]homing.Origin, writers*each)
	for i := range clicks {
		clicks[i] = h.click([]*homing.Account{one, two}[i%2])
	}
	var done sync.WaitGroup
	for w := range writers {
		done.Go(func() {
			for i := w; i < len(clicks); i += writers {
				id := h.convert([]*homing.Account{one, two}[i%2], clicks[i], "")
				if i%5 == 0 {
					h.must(h.ledger.Amend(t.Context(), ledger.Amendment{Conversion: id, From: homing.Approved, To: homing.Pending, At: 1, Actor: "user 1"}))
				}
			}
		})
	}
	const all = writers*each + writers*each/5
	for token, want := range map[string]int{h.token(0, homing.AllScopes): all, h.token(one.ID, homing.AllScopes): all / 2} {
		number := func(cursor string) (n int64) {
			if n, _ = strconv.ParseInt(cursor, 10, 64); want != all {
				n, _ = h.ring.OpenPlace(one.ID, cursor)
			}
			return n
		}
		done.Go(func() {
			last, seen, after := int64(0), 0, "0"
			for seen < want {
				feed, err := server.feed(token, "?limit=7&wait=5s&after="+after)
				if err != nil || len(feed.Rows) == 0 {
					t.Errorf("after %s, %d of %d: %v", after, seen, want, err)
					return
				}
				for _, row := range feed.Rows {
					got := number(row.Cursor)
					if got <= last || want == all && got != last+1 {
						t.Errorf("%d after %d", got, last)
					}
					last = got
					seen++
				}
				after = feed.Next
			}
			if feed, err := server.feed(token, "?after="+after); err != nil || len(feed.Rows) != 0 {
				t.Errorf("more than there is: %+v, %v", feed, err)
			}
		})
	}
	done.Wait()
}

// served is the API on a listener, with its deadlines.
type served struct {
	*httptest.Server
	client *http.Client
}

func (h *house) serve(edit func(*http.Server)) *served {
	s := httptest.NewUnstartedServer(h.handler)
	if edit != nil {
		edit(s.Config)
	}
	s.Start()
	h.t.Cleanup(s.Close)
	return &served{s, s.Client()}
}

func (s *served) get(token, path string) (*http.Response, error) {
	r, err := http.NewRequest("GET", s.URL+prefix+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return s.client.Do(r)
}

func (s *served) feed(token, query string) (feed Feed, err error) {
	answer, err := s.get(token, "/conversions"+query)
	if err != nil {
		return feed, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return feed, fmt.Errorf("status %d", answer.StatusCode)
	}
	return feed, json.NewDecoder(answer.Body).Decode(&feed)
}

// A request that waits gets what comes at once, outlasts the listener's
// deadlines, and ends empty when its time is over.
func TestFeedWaits(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	click, other := h.click(one), h.click(one)
	token := h.token(0, homing.AllScopes)
	server := h.serve(func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond })
	began := time.Now()
	time.AfterFunc(400*time.Millisecond, func() { h.convert(one, click, "") })
	feed, err := server.feed(token, "?after=now&wait=30s")
	if took := time.Since(began); err != nil || len(feed.Rows) != 1 || took < 400*time.Millisecond || took > 5*time.Second {
		t.Errorf("after %s: %+v, %v", took, feed, err)
	}
	began = time.Now()
	feed, err = server.feed(token, "?wait=300ms&after="+feed.Next)
	if took := time.Since(began); err != nil || len(feed.Rows) != 0 || feed.Next != "1" || took < 300*time.Millisecond {
		t.Errorf("after %s: %+v, %v", took, feed, err)
	}
	h.convert(one, other, "")
	began = time.Now()
	if feed, err = server.feed(token, "?wait=30s&after=1"); err != nil || len(feed.Rows) != 1 || time.Since(began) > 2*time.Second {
		t.Errorf("what is there is not answered at once: %+v, %v", feed, err)
	}
}

// A token that is revoked while it waits gets nothing any more.
func TestARevokedTokenStopsWaiting(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	click := h.click(one)
	token := h.token(0, homing.AllScopes)
	all, err := h.tokens.List(t.Context())
	h.must(err)
	time.AfterFunc(100*time.Millisecond, func() {
		_, _ = h.tokens.Revoke(t.Context(), "test", all[len(all)-1].ID)
		h.convert(one, click, "")
	})
	h.get(token, "/conversions?after=now&wait=20s").problem(401, "invalid-token")

	// Also if nothing comes.
	other := h.token(0, homing.AllScopes)
	all, err = h.tokens.List(t.Context())
	h.must(err)
	time.AfterFunc(100*time.Millisecond, func() { _, _ = h.tokens.Revoke(t.Context(), "test", all[len(all)-1].ID) })
	h.get(other, "/conversions?after=now&wait=600ms").problem(401, "invalid-token")
}

// When the server stops, whoever waits is answered at once.
func TestNobodyWaitsForAStoppingServer(t *testing.T) {
	stopping := make(chan struct{})
	h := newHouse(t, func(o *Options) { o.Stopping = stopping })
	time.AfterFunc(100*time.Millisecond, func() { close(stopping) })
	began := time.Now()
	if got := h.feed(h.token(0, homing.AllScopes), "?wait=50s"); len(got.Rows) != 0 || got.Next != "0" || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %+v", time.Since(began), got)
	}
}

// Whoever waits takes a place, and those who have gone give theirs back.
func TestWaitingIsBounded(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxWaiting = 1 })
	token := h.token(0, homing.AllScopes)
	server := h.serve(nil)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		client := &http.Client{Timeout: 3500 * time.Millisecond}
		r, _ := http.NewRequest("GET", server.URL+prefix+"/conversions?wait=60s", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if answer, err := client.Do(r); err == nil {
			answer.Body.Close()
			t.Errorf("the one that waits was answered %d", answer.StatusCode)
		}
	}()
	time.Sleep(200 * time.Millisecond)
	if got := h.get(token, "/conversions?wait=60s"); got.problem(503, "overloaded").Status != 503 || got.Header().Get("Retry-After") == "" {
		t.Errorf("%v", got.Header())
	}
	h.feed(token, "") // who does not wait needs no place
	<-gone
	h.feed(token, "?wait=10ms")
}

func TestNewest(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	for n := range 70 {
		for _, known := range []int64{0, int64(n) / 2, int64(n)} {
			if got, err := (&news{books: h.ledger, known: known}).newest(t.Context()); err != nil || got != int64(n) {
				t.Fatalf("with %d known the newest of %d is %d, %v", known, n, got, err)
			}
		}
		h.convert(one, h.click(one), "")
	}
}
