package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

// The server commits and its answer is lost: the sender is told that nobody knows,
// and whoever asks again finds the conversion, once.
func TestLostAnswerToCommit(t *testing.T) {
	c := pgtest.Shared(t)
	proxy := c.Between(t, 0)
	l := openURL(t, proxy.URL(t, c.Schema()))
	if _, err := claimOnce(t, l, 0); err != nil { // it is connected
		t.Fatal(err)
	}
	for n := 1; n <= 5; n++ {
		proxy.LoseCommit()
		if _, err := claimOnce(t, l, n); !errors.Is(err, homing.ErrUnavailable) {
			t.Fatalf("claim %d, whose answer was lost: %v", n, err)
		}
		if d, err := claimOnce(t, l, n); err != nil || d.First || d.Conversion != homing.ConversionID(n+1) {
			t.Fatalf("claim %d, asked again: %+v, %v", n, d, err)
		}
	}
	proxy.LoseCommit()
	a := homing.Account{PublicID: "one", Name: "one", Currency: "USD"}
	if err := l.Apply(t.Context(), ledger.Actor{}, ledger.PutAccount{Account: &a}); !errors.Is(err, homing.ErrUnavailable) || a.ID != 0 {
		t.Errorf("an account, the answer about which was lost: %v, number %v", err, a.ID)
	}
	if err := l.Apply(t.Context(), ledger.Actor{}, ledger.PutAccount{Account: &a}); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("asked again: %v", err)
	}
	proxy.LoseCommit()
	move := ledger.Amendment{Conversion: 1, From: homing.Approved, To: homing.Rejected, At: ledgertest.Noon, Actor: "user 1"}
	if err := l.Amend(t.Context(), move); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("a move, the answer about which was lost: %v", err)
	}
	if err := l.Amend(t.Context(), move); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("asked again: %v", err)
	}
	if lost := proxy.Lost(); lost != 7 {
		t.Errorf("%d answers were lost", lost)
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if n := count(t, l); n != 6 {
		t.Errorf("%d conversions", n)
	}
}

// A node that is far away works, with larger batches, and does not keep the one
// beside the server waiting for its round trips: not with claims, nor with those of
// erased clicks.
func TestFarNode(t *testing.T) {
	const roundTrip = 500 * time.Millisecond
	c := pgtest.Shared(t)
	url := c.Schema()
	near := openURL(t, url)
	proxy := c.Between(t, roundTrip)
	far := openWith(t, Options{URL: proxy.URL(t, url), Patience: 20 * time.Second})
	proxy.Narrow(4 << 10) // a packet of claims takes several round trips
	erased := ledgertest.Origin(5_000)
	if err := near.Apply(t.Context(), ledger.Actor{}, ledger.EraseClick{Click: erased, Lead: ledgertest.HashLead}); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var calls sync.WaitGroup
	for w := range 40 {
		calls.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				claim := ledgertest.Claim(ledgertest.Origin(10_000*(w+1)+i), "")
				if w%20 == 0 {
					claim = ledgertest.Claim(erased, string(rune('a'+i%20)))
				}
				if _, err := far.Decide(context.Background(), claim); err != nil {
					t.Errorf("far away: %v", err)
				}
			}
		})
	}
	var longest time.Duration
	for n := range 60 {
		began := time.Now()
		if _, err := claimOnce(t, near, n); err != nil {
			t.Error(err)
		}
		longest = max(longest, time.Since(began))
		time.Sleep(40 * time.Millisecond)
	}
	close(stop)
	calls.Wait()
	if longest > roundTrip*3/4 {
		t.Errorf("beside the server a claim took %v: it waited for somebody's round trip", longest)
	}
	t.Logf("beside the server a claim took at most %v", longest)
	if err := near.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
