package loader

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

func TestEverythingIsLoaded(t *testing.T) {
	h := newHouse(t, nil).run()
	a, b := h.click(nil), h.click(nil)
	h.convert(a, "")
	h.convert(b, "lead 1")
	h.convert(b, "lead 2")
	h.refuse()
	h.tally(500)
	h.catchUp()
	h.want("2 clicks (2 origins, 1 unique), 5 postbacks (5 numbers, 504 calls), 3 conversions (3 known)")
	c := h.contents()
	if c.clicks[0].Account != h.account.ID || c.clicks[0].Addr != "203.0.113.0" || c.clicks[0].Facets[warehouse.FacetDevice] != "mobile" {
		t.Errorf("click %+v", c.clicks[0])
	}
	if c.conversions[0].Facets[warehouse.FacetOS] != "Android" || c.conversions[0].Version != 1 {
		t.Errorf("conversion %+v", c.conversions[0])
	}
	// Amended: a new version, and no second postback.
	h.must(h.ledger.Amend(t.Context(), ledger.Amendment{Conversion: 2, From: homing.Approved, To: homing.Rejected, At: h.at(), Actor: "test"}))
	h.catchUp()
	h.want("2 clicks (2 origins, 1 unique), 5 postbacks (5 numbers, 504 calls), 3 conversions (3 known)")
	for _, c := range h.contents().conversions {
		if c.ID == 2 && (c.Status != homing.Rejected || c.Version != 4) {
			t.Errorf("conversion %+v", c)
		}
	}
	if lag := h.Lag(); lag.Records != 0 || lag.Behind != 0 || lag.Fresh != h.at() || lag.Error != "" {
		t.Errorf("lag %+v", lag)
	}
	if n := h.Notices(); len(n) != 0 {
		t.Errorf("notices %q", n)
	}
}

// A warehouse that fails before and after commits, a loader that is killed, and
// work going on all the while: the counts are exact.
func TestExactlyOnce(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxRows = 7 })
	h.warehouse.set(failing(5, homing.ErrUnavailable, homing.ErrConflict), failing(5, homing.ErrUnavailable, homing.ErrConflict))
	h.run()
	clicks, calls, conversions := 0, 0, 0
	for i := range 300 {
		click := h.click(func(c *homing.Click) { c.UserAgent = fmt.Appendf(nil, "visitor %d", i) })
		clicks++
		if i%3 == 0 {
			h.convert(click, "")
			conversions++
			calls++
		}
		if i%5 == 0 {
			h.refuse()
			calls++
		}
		if i%60 == 59 {
			h.again() // killed: what it knew is gone
		}
		h.pass(time.Millisecond)
	}
	h.warehouse.set(nil, nil)
	h.catchUp()
	h.want(fmt.Sprintf("%d clicks (%[1]d origins, %[1]d unique), %d postbacks (%[2]d numbers, %[2]d calls), %d conversions (%[3]d known)", clicks, calls, conversions))
}

// A conversion is never loaded before its click, whenever the loader looks.
func TestClickBeforeConversion(t *testing.T) {
	h := newHouse(t, nil)
	h.warehouse.refuse = func(b *warehouse.Batch) error {
		for _, c := range b.Conversions {
			if _, err := h.warehouse.Click(context.Background(), c.Click); err != nil {
				t.Errorf("conversion %d came before its click", c.ID)
			}
		}
		return nil
	}
	h.run()
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range 100 {
				h.convert(h.click(nil), "")
			}
		})
	}
	workers.Wait()
	h.catchUp()
	if c := h.contents(); len(c.conversions) != 400 {
		t.Errorf("%d conversions", len(c.conversions))
	}
}

func TestVisitorsAcrossMidnightAndRestarts(t *testing.T) {
	h := newHouse(t, nil).run()
	visit := func(agent string) {
		h.click(func(c *homing.Click) { c.UserAgent = []byte(agent) })
		h.catchUp()
	}
	visit("a")
	visit("a")
	h.again() // the salt is read back
	visit("a")
	visit("b")
	h.want("4 clicks (4 origins, 2 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	h.pass(12*time.Hour + time.Minute) // the next day
	visit("a")
	visit("a")
	h.want("6 clicks (6 origins, 3 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	h.pass(24 * time.Hour)
	visit("a")
	mark, err := h.warehouse.Mark(t.Context(), "spool")
	h.must(err)
	var s spoolState
	h.must(readState(mark.State, &s, &s.Version))
	today := warehouse.DayAt(h.at())
	if len(s.Salts) != 2 || s.Salts[today] == "" || s.Salts[today-1] == "" {
		t.Errorf("salts of %v on %d", s.Salts, today)
	}
	// A clock far ahead must not make us forget today's salt.
	h.click(func(c *homing.Click) { c.Origin.Time += 10 * 24 * 3600 * 1000 })
	h.catchUp()
	visit("a")
	h.want("9 clicks (9 origins, 5 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
}

func TestErasure(t *testing.T) {
	h := newHouse(t, nil).run()
	click := h.click(func(c *homing.Click) { c.Params[homing.ParamSub1] = []byte("secret") })
	other := h.click(nil)
	h.convert(click, "lead")
	h.catchUp()
	h.must(h.catalog.EraseClick(t.Context(), "test", click))
	h.convert(other, "")
	h.catchUp()
	for _, c := range h.contents().clicks {
		if c.Origin == click && (c.Facets[warehouse.FacetSub1] != "" || c.Addr != "" || c.Facets[warehouse.FacetDevice] != "mobile") {
			t.Errorf("click %+v", c)
		}
		if c.Origin == other && c.Addr == "" {
			t.Error("the other click was erased")
		}
	}
	// The number is kept with the mark: it is not erased again and again.
	n := len(h.warehouse.erased)
	h.convert(h.click(nil), "") // carries the state
	h.catchUp()
	h.again()
	h.catchUp()
	if len(h.warehouse.erased) != n || n != 1 {
		t.Errorf("%d erasures, then %d", n, len(h.warehouse.erased))
	}
	// Made anew, it is erased again, and the call that lost its receipt is there.
	h.must(h.Rebuild(t.Context(), nil))
	h.want("3 clicks (3 origins, 1 unique), 3 postbacks (3 numbers, 3 calls), 3 conversions (3 known)")
	for _, c := range h.contents().clicks {
		if c.Origin == click && c.Facets[warehouse.FacetSub1] != "" {
			t.Error("the click is back")
		}
	}
	// A click of an erased account that was under way.
	h.must(h.ledger.Apply(t.Context(), ledger.Actor{Name: "test", At: h.at()}, ledger.EraseAccount{Account: h.account.ID, Lead: h.keyring.HashLead}))
	h.must(h.catalog.Reload(t.Context()))
	h.catchUp()
	late := h.click(func(c *homing.Click) {
		c.Params[homing.ParamSub1] = []byte("secret")
		c.Params[homing.ParamCost] = []byte("1")
	})
	h.catchUp()
	for _, c := range h.contents().clicks {
		if c.Origin == late && (c.Addr != "" || c.Facets[warehouse.FacetSub1] != "" || c.Cost != 0 || c.Account != h.account.ID) {
			t.Errorf("click %+v", c)
		}
	}
}

func TestUnreadableRecordsArePassedOver(t *testing.T) {
	h := newHouse(t, nil).run()
	h.click(nil)
	for _, bad := range [][]byte{{}, {9}, []byte("\x01garbage"), {1, 2}} {
		for _, kind := range []spool.Kind{spool.KindClick, spool.KindPostback, spool.KindTally, spool.Kind(6)} {
			if len(bad) == 0 {
				continue
			}
			_, err := h.spool.Append(kind, h.at(), bad)
			h.must(err)
		}
	}
	h.click(nil)
	h.catchUp()
	h.want("2 clicks (2 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if lag := h.Lag(); lag.Unread != 12 {
		t.Errorf("%d unread", lag.Unread)
	}
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "12 records of the spool could not be understood") {
		t.Errorf("notices %q", n)
	}
}

// The row that a warehouse will not have is found and passed over; all others
// are loaded.
func TestRefusedRowIsFound(t *testing.T) {
	h := newHouse(t, nil)
	h.warehouse.refuse = func(b *warehouse.Batch) error {
		for _, c := range b.Clicks {
			if c.Facets[warehouse.FacetSub1] == "poison" {
				return fmt.Errorf("row: %w", homing.ErrInvalid)
			}
		}
		for _, c := range b.Conversions {
			if c.Lead == "poison" {
				return fmt.Errorf("row: %w", homing.ErrInvalid)
			}
		}
		return nil
	}
	for i := range 50 {
		click := h.click(func(c *homing.Click) {
			if i == 33 {
				c.Params[homing.ParamSub1] = []byte("poison")
			}
		})
		h.convert(click, map[bool]string{true: "poison"}[i == 20])
	}
	h.run()
	h.catchUp()
	h.want("49 clicks (49 origins, 1 unique), 49 postbacks (49 numbers, 49 calls), 49 conversions (48 known)")
	if n := h.Notices(); len(n) != 2 {
		t.Errorf("notices %q", n)
	}
	// A warehouse that refuses everything is not believed.
	h.warehouse.mu.Lock()
	h.warehouse.refuse = func(*warehouse.Batch) error { return homing.ErrInvalid }
	h.warehouse.mu.Unlock()
	for range 30 {
		h.click(nil)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := h.CatchUp(ctx); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	h.warehouse.mu.Lock()
	h.warehouse.refuse = nil
	h.warehouse.mu.Unlock()
	h.catchUp()
	if c := h.contents(); len(c.clicks) < 79-mostPoison {
		t.Errorf("%d clicks", len(c.clicks))
	}
}

func TestUnknownCampaign(t *testing.T) {
	h := newHouse(t, nil).run()
	// Made by another node: our view is behind, and read again.
	a, c := func() (*homing.Account, *homing.Campaign) {
		a := &homing.Account{PublicID: "p", Name: "n", Currency: "USD"}
		c := &homing.Campaign{Name: "n", Slug: "s", URL: "https://adv.example/?c={click_id}", Status: homing.CampaignActive}
		h.must(h.ledger.Apply(t.Context(), ledger.Actor{Name: "test", At: noon}, ledger.PutAccount{Account: a}, ledger.PutCampaign{Campaign: c, Owner: a}))
		return a, c
	}()
	h.click(func(k *homing.Click) { k.Origin.Campaign = c.ID })
	h.click(func(k *homing.Click) { k.Origin.Campaign = 999 })
	h.catchUp()
	for _, row := range h.contents().clicks {
		if want := map[homing.CampaignID]homing.AccountID{c.ID: a.ID, 999: 0}[row.Campaign]; row.Account != want {
			t.Errorf("click %+v", row)
		}
	}
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "campaign 999, which the ledger does not have") {
		t.Errorf("notices %q", n)
	}
}

func TestLagIsTold(t *testing.T) {
	h := newHouse(t, nil).run()
	h.click(nil)
	h.catchUp()
	h.warehouse.set(func() error {
		return fmt.Errorf("the warehouse process was killed (signal 9): %w", homing.ErrUnavailable)
	}, nil)
	h.click(nil)
	waitFor(t, func() bool { return h.Lag().Error != "" })
	h.pass(7 * time.Minute)
	lag := h.Lag()
	if lag.Records != 1 || lag.Behind != 7*time.Minute || !strings.Contains(lag.Error, "signal 9") || lag.Since != noon {
		t.Errorf("lag %+v", lag)
	}
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "reports are 7 minutes behind: ") || !strings.Contains(n, "signal 9") {
		t.Errorf("notices %q", n)
	}
	waitFor(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.state.late.worst >= 7*time.Minute })
	h.warehouse.set(nil, nil)
	h.catchUp()
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "reports were up to 7 minutes behind") || !strings.Contains(n, "caught up at 12:07 UTC") {
		t.Errorf("notices %q", n)
	}
	if lag := h.Lag(); lag.Behind != 0 || lag.Error != "" {
		t.Errorf("lag %+v", lag)
	}
	h.pass(25 * time.Hour)
	if n := h.Notices(); len(n) != 0 {
		t.Errorf("notices %q", n)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

func TestDamagedWarehouseIsMadeAnewOnceAnHour(t *testing.T) {
	h := newHouse(t, nil).run()
	for range 20 {
		h.convert(h.click(nil), "")
	}
	h.catchUp()
	once := func() func() error {
		done := false
		return func() error {
			if done {
				return nil
			}
			done = true
			return fmt.Errorf("checksum: %w", homing.ErrDamaged)
		}
	}
	h.warehouse.set(once(), nil)
	h.click(nil)
	h.catchUp()
	h.want("21 clicks (21 origins, 1 unique), 20 postbacks (20 numbers, 20 calls), 20 conversions (20 known)")
	h.warehouse.set(once(), nil)
	h.click(nil)
	h.catchUp() // a second fault is only waited out
	if h.warehouse.resets != 1 {
		t.Errorf("made anew %d times", h.warehouse.resets)
	}
	h.pass(2 * time.Hour)
	h.warehouse.set(once(), nil)
	h.click(nil)
	h.catchUp()
	if h.warehouse.resets != 2 {
		t.Errorf("made anew %d times", h.warehouse.resets)
	}
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "is made anew") {
		t.Errorf("notices %q", n)
	}
}

func TestRebuildWhileWorkGoesOn(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxRows = 16 }).run()
	n := 0
	work := func(times int) {
		for range times {
			h.convert(h.click(func(c *homing.Click) { c.UserAgent = fmt.Append(nil, rand.Uint64()) }), "")
			n++
		}
	}
	work(50)
	var told []string
	done := make(chan error, 1)
	go func() {
		done <- h.Rebuild(t.Context(), func(what string, is, of int64) { told = append(told, fmt.Sprint(what, is, of)) })
	}()
	work(50)
	h.must(<-done)
	if len(told) < 2 || !strings.HasPrefix(told[len(told)-1], "loading") {
		t.Errorf("told %q", told)
	}
	h.catchUp()
	h.want(fmt.Sprintf("%d clicks (%[1]d origins, %[1]d unique), %[1]d postbacks (%[1]d numbers, %[1]d calls), %[1]d conversions (%[1]d known)", n))
}
