package postgres

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

// nodes opens one ledger several times, as several machines would.
func nodes(t *testing.T, n int) []*Ledger {
	t.Helper()
	url := pgtest.Shared(t).Schema()
	var all []*Ledger
	for range n {
		all = append(all, openURL(t, url))
	}
	return all
}

// The same claims at every node, in different orders: each counts once, all are
// told the same, and numbers have no gaps, as a follower sees them meanwhile.
func TestNodesDecideOnce(t *testing.T) {
	const clicks, callers = 300, 16
	all := nodes(t, 3)
	var firsts, told [clicks]atomic.Int64
	var calls sync.WaitGroup
	for n, l := range all {
		for w := range callers {
			calls.Go(func() {
				for i := range clicks {
					click := (i*7*(n+1) + w) % clicks
					d, err := l.Decide(context.Background(), ledgertest.Claim(ledgertest.Origin(click), "lead"))
					if err != nil {
						t.Error(err)
						return
					}
					if d.First {
						firsts[click].Add(1)
					}
					if old := told[click].Swap(int64(d.Conversion)); old != 0 && old != int64(d.Conversion) {
						t.Errorf("click %d is conversion %d and %d", click, old, d.Conversion)
					}
				}
			})
		}
	}
	var following sync.WaitGroup
	end := make(chan struct{})
	following.Go(func() {
		if seen := follow(t, all[0], end); len(seen) != clicks {
			t.Errorf("a follower saw %d changes of %d", len(seen), clicks)
		}
	})
	calls.Wait()
	close(end)
	following.Wait()
	for click := range firsts {
		if n := firsts[click].Load(); n != 1 {
			t.Errorf("click %d was first %d times", click, n)
		}
	}
	if n := count(t, all[0]); n != clicks {
		t.Errorf("%d conversions of %d clicks", n, clicks)
	}
	if err := all[0].Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// Node numbers that many ask for at once are lent to one each.
func TestNodesLeaseApart(t *testing.T) {
	const each = 8
	var lent sync.Map
	var calls sync.WaitGroup
	for _, l := range nodes(t, 3) {
		for range each {
			calls.Go(func() {
				lease, err := l.Lease(context.Background(), ledgertest.Noon, ledgertest.Noon+1000, false)
				if err != nil {
					t.Error(err)
				} else if _, taken := lent.LoadOrStore(lease.Node, lease.Token); taken {
					t.Errorf("node number %d was lent twice", lease.Node)
				}
			})
		}
	}
	calls.Wait()
}

// A lease is extended while others look for one whose mark is past: either they
// find it gone, or its holder does.
func TestLeaseIsExtendedOrLost(t *testing.T) {
	all := nodes(t, 2)
	held, err := all[0].Lease(t.Context(), ledgertest.Noon, ledgertest.Noon+10, false)
	if err != nil {
		t.Fatal(err)
	}
	for round := range homing.Millis(60) {
		now := held.Mark + 1
		var extended error
		var got ledger.Lease
		var both sync.WaitGroup
		both.Go(func() { extended = all[0].Extend(context.Background(), held, now+10) })
		both.Go(func() { got, err = all[1].Lease(context.Background(), now, now+20, false) })
		both.Wait()
		if err != nil {
			t.Fatal(err)
		}
		switch lost := errors.Is(extended, homing.ErrConflict); {
		case extended != nil && !lost:
			t.Fatal(extended)
		case lost != (got.Node == held.Node):
			t.Fatalf("round %d: extend says %v, and %d is lent beside %d", round, extended, got.Node, held.Node)
		}
		held = got
	}
}

// Settings are changed on two nodes at once: none is lost.
func TestNodesChangeSettings(t *testing.T) {
	all := nodes(t, 2)
	var calls sync.WaitGroup
	for n, l := range all {
		calls.Go(func() {
			for i := range 10 {
				a := homing.Account{PublicID: string(rune('a'+n)) + string(rune('0'+i)), Name: "x", Currency: "USD"}
				if err := l.Apply(context.Background(), ledger.Actor{Name: "user 1"}, ledger.PutAccount{Account: &a}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	calls.Wait()
	s, err := all[0].Snapshot(t.Context())
	if err != nil || len(s.Accounts) != 20 || s.Version != 20 || s.Accounts[19].ID != 20 {
		t.Errorf("%d accounts, version %d, %v", len(s.Accounts), s.Version, err)
	}
}

// An account or a click is erased on one node while another takes claims: no lead
// code comes in in the clear.
func TestEraseBesideClaims(t *testing.T) {
	all := nodes(t, 2)
	a := homing.Account{PublicID: "pub", Name: "gone", Currency: "USD"}
	if err := all[0].Apply(t.Context(), ledger.Actor{}, ledger.PutAccount{Account: &a}); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	begun := make(chan struct{})
	for w := range 8 {
		calls.Go(func() {
			for i := range 40 {
				if w == 0 && i == 10 {
					close(begun)
				}
				c := ledgertest.Claim(ledgertest.Origin(w*100+i), "lead")
				c.Account = a.ID
				if w%2 == 1 { // all of one click, and of nobody who is erased
					c.Click, c.Account, c.Lead = ledgertest.Origin(9999), 77, []byte{'a' + byte(w), byte(i)}
				}
				if _, err := all[1].Decide(context.Background(), c); err != nil && !errors.Is(err, homing.ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	<-begun
	if err := all[0].Apply(t.Context(), ledger.Actor{}, ledger.EraseAccount{Account: a.ID, Lead: ledgertest.HashLead},
		ledger.EraseClick{Click: ledgertest.Origin(9999), Lead: ledgertest.HashLead}); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	n := 0
	for c, err := range all[0].Conversions(t.Context(), ledger.ConversionQuery{}) {
		if n++; err != nil || c.Lead[0] != '~' {
			t.Fatalf("conversion %v has lead %q, %v", c.ID, c.Lead, err)
		}
	}
	if err := all[0].Check(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("%d conversions", n)
}
