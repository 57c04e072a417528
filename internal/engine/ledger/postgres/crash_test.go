package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

// books are what the senders of a test were told.
type books struct {
	mu     sync.Mutex
	told   map[int]homing.ConversionID
	firsts map[int]int
	asked  int // unanswered ones, too
}

func newBooks() *books { return &books{told: map[int]homing.ConversionID{}, firsts: map[int]int{}} }

// play lets senders claim until stop is closed: each click twice, from two
// senders, and again after an error, as senders do.
func (b *books) play(t *testing.T, l *Ledger, from int, stop chan struct{}) *sync.WaitGroup {
	var senders sync.WaitGroup
	for w := range 16 {
		senders.Go(func() {
			for n := from + w/2; ; n += 8 {
				select {
				case <-stop:
					return
				default:
				}
				b.send(t, l, n)
			}
		})
	}
	return &senders
}

func (b *books) send(t *testing.T, l *Ledger, n int) {
	for range 3 {
		d, err := l.Decide(context.Background(), ledgertest.Claim(ledgertest.Origin(n), "lead"))
		b.mu.Lock()
		b.asked = max(b.asked, n)
		if err == nil {
			if old := b.told[n]; old != 0 && old != d.Conversion {
				t.Errorf("click %d was told to be conversion %v and %v", n, old, d.Conversion)
			}
			b.told[n] = d.Conversion
			if d.First {
				b.firsts[n]++
			}
		}
		b.mu.Unlock()
		if err == nil {
			return
		}
		if !errors.Is(err, homing.ErrUnavailable) && !errors.Is(err, homing.ErrOverloaded) {
			t.Errorf("click %d: %v", n, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// compare wants what was told stored, once, under the number that was told.
func (b *books) compare(t *testing.T, l *Ledger) {
	t.Helper()
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
	stored := map[homing.Origin]homing.ConversionID{}
	for c, err := range l.Conversions(t.Context(), ledger.ConversionQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if stored[c.Click] != 0 {
			t.Errorf("%v counted twice", c.Click)
		}
		stored[c.Click] = c.ID
	}
	for n, id := range b.told {
		if stored[ledgertest.Origin(n)] != id {
			t.Fatalf("click %d was told to be conversion %v, and is %v", n, id, stored[ledgertest.Origin(n)])
		}
		if b.firsts[n] > 1 {
			t.Errorf("click %d was told to be first %d times", n, b.firsts[n])
		}
	}
	if len(b.told) == 0 {
		t.Error("nothing was acknowledged")
	}
	t.Logf("%d acknowledged, %d stored", len(b.told), len(stored))
}

// Kill -9 of the server, or of a backend in the middle of what it does, over and
// over: what was acknowledged is stored, once. Nodes find back by themselves.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers for some seconds")
	}
	c := pgtest.Start(t, pgtest.Options{Durable: true})
	l, other := openURL(t, c.URL("postgres")), openURL(t, c.URL("postgres"))
	b := newBooks()
	for round := range 6 {
		stop := make(chan struct{})
		senders := []*sync.WaitGroup{b.play(t, l, round*1_000_000, stop), b.play(t, other, round*1_000_000, stop)}
		time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond))
		if round%2 == 0 {
			c.Kill(t)
			time.Sleep(50 * time.Millisecond)
			c.Restart(t)
		} else {
			c.KillBackend(t, "conversion AS")
		}
		began := time.Now()
		for ; ; time.Sleep(10 * time.Millisecond) {
			if _, err := claimOnce(t, l, round*1_000_000+500_000); err == nil {
				break
			}
			if time.Since(began) > 20*time.Second {
				t.Fatal("the ledger does not find back to its server")
			}
		}
		time.Sleep(50 * time.Millisecond)
		close(stop)
		for _, s := range senders {
			s.Wait()
		}
	}
	b.compare(t, l)
}

// The primary dies and its synchronous standby is promoted: the node finds it by
// the second host of its connection string, and nothing that was acknowledged is
// missing.
func TestPromotion(t *testing.T) {
	if testing.Short() {
		t.Skip("copies a server")
	}
	primary := pgtest.Start(t, pgtest.Options{})
	openURL(t, primary.URL("postgres")).Close()
	standby := primary.Standby(t, "second")
	url := strings.Replace(primary.URL("postgres"), primary.Address(), primary.Address()+","+standby.Address(), 1)
	l := openURL(t, url)
	warnings, err := l.warnings(t.Context())
	if words := strings.Join(warnings, "\n"); err != nil || strings.Contains(words, "standby") {
		t.Errorf("warnings %q, %v", words, err)
	}
	lease, err := l.Lease(t.Context(), ledgertest.Noon, ledgertest.Noon+1000, false)
	if err != nil {
		t.Fatal(err)
	}
	b, stop := newBooks(), make(chan struct{})
	senders := b.play(t, l, 0, stop)
	time.Sleep(300 * time.Millisecond)
	primary.Kill(t)
	killed := time.Now()
	before := len(b.snapshot())
	standby.Promote(t)
	for len(b.snapshot()) <= before+20 {
		if time.Sleep(5 * time.Millisecond); time.Since(killed) > 20*time.Second {
			t.Fatal("the node does not find the promoted server")
		}
	}
	t.Logf("%d acknowledged before the end, %v from there, over a promotion, to the next twenty", before, time.Since(killed))
	close(stop)
	senders.Wait()
	b.compare(t, l)
	if err := l.Extend(t.Context(), lease, ledgertest.Noon+2000); err != nil {
		t.Errorf("the lease after the promotion: %v", err)
	}
	if next, err := l.Lease(t.Context(), ledgertest.Noon+1500, ledgertest.Noon+3000, false); err != nil || next.Node == lease.Node {
		t.Errorf("another node gets %+v beside %+v, %v", next, lease, err)
	}
}

func (b *books) snapshot() map[int]homing.ConversionID {
	b.mu.Lock()
	defer b.mu.Unlock()
	copied := map[int]homing.ConversionID{}
	for n, id := range b.told {
		copied[n] = id
	}
	return copied
}

// No synchronous standby answers: nothing is acknowledged, nor is it when somebody
// cancels the wait, after which the server says COMMIT all the same.
func TestUnreplicatedIsNotAcknowledged(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	l := openURL(t, c.URL("postgres"))
	if _, err := claimOnce(t, l, 0); err != nil {
		t.Fatal(err)
	}
	c.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
	c.Exec(t, "SELECT pg_reload_conf()")
	time.Sleep(200 * time.Millisecond) // until the backends have heard
	warnings, err := l.warnings(t.Context())
	if words := strings.Join(warnings, "\n"); err != nil || !strings.Contains(words, "no synchronous standby answers") {
		t.Errorf("warnings %q, %v", words, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := claimOnce(t, l, 1)
		done <- err
	}()
	var cancelled atomic.Bool
	for !cancelled.Load() {
		time.Sleep(50 * time.Millisecond)
		cancelled.Store(c.Value(t, "postgres", "SELECT coalesce(bool_or(pg_cancel_backend(pid)), FALSE) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "t")
	}
	began := time.Now()
	wantKind(t, <-done, homing.ErrUnavailable)
	if took := time.Since(began); took > time.Second {
		t.Errorf("it was the patience that ended it, after %v", took)
	}
	c.Alone(t)
	time.Sleep(200 * time.Millisecond)
	d, err := claimOnce(t, l, 1)
	if err != nil || d.First || d.Conversion != 2 {
		t.Errorf("asked again: %+v, %v", d, err)
	}
}

// A server that hangs: claims are answered in time, and it is used again when it
// goes on.
func TestFrozenServer(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	l := openWith(t, Options{URL: c.URL("postgres"), Patience: 500 * time.Millisecond, MaxQueue: 8})
	if _, err := claimOnce(t, l, 0); err != nil {
		t.Fatal(err)
	}
	c.Freeze(t)
	began := time.Now()
	var calls sync.WaitGroup
	var shed atomic.Int32
	for n := range 60 {
		calls.Go(func() {
			switch _, err := claimOnce(t, l, n+1); {
			case errors.Is(err, homing.ErrOverloaded):
				shed.Add(1)
			case !errors.Is(err, homing.ErrUnavailable):
				t.Errorf("claim %d: %v", n, err)
			}
		})
	}
	calls.Wait()
	if took := time.Since(began); took > 2*time.Second || shed.Load() == 0 {
		t.Errorf("it took %v, %d were shed", took, shed.Load())
	}
	c.Thaw(t)
	for began = time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := claimOnce(t, l, 1); err == nil {
			break
		} else if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
