package mint

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/ledger"
)

// lessor keeps loans as the contract says, in memory: the ledger that outlives
// every crash of a minter.
type lessor struct {
	mu    sync.Mutex
	marks map[homing.NodeID]homing.Millis
	loans map[homing.NodeID]uint64
	away  bool
}

func newLessor() *lessor {
	return &lessor{marks: map[homing.NodeID]homing.Millis{}, loans: map[homing.NodeID]uint64{}}
}

func (l *lessor) Lease(_ context.Context, now, until homing.Millis, test bool) (ledger.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first, last := homing.NodeID(0), homing.FirstTestNode
	if test {
		first, last = homing.FirstTestNode, homing.MaxNode+1
	}
	for node := first; node < last && !l.away; node++ {
		if mark, used := l.marks[node]; !used || mark < now {
			l.marks[node], l.loans[node] = until, rand.Uint64()
			return ledger.Lease{Node: node, Token: l.loans[node], Mark: until}, nil
		}
	}
	return ledger.Lease{}, homing.ErrUnavailable
}

func (l *lessor) Extend(_ context.Context, lease ledger.Lease, until homing.Millis) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.away:
		return homing.ErrUnavailable
	case l.loans[lease.Node] != lease.Token:
		return homing.ErrConflict
	}
	l.marks[lease.Node] = until
	return nil
}

func (l *lessor) Release(_ context.Context, lease ledger.Lease, used homing.Millis) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loans[lease.Node] != lease.Token {
		return homing.ErrConflict
	}
	l.marks[lease.Node] = used
	return nil
}

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now homing.Millis
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Time()
}

func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += homing.MillisIn(d)
}

func (c *clock) set(now homing.Millis) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

const start homing.Millis = 1_800_000_000_000

var ring = func() func() *homing.Keyring {
	k, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{1}})
	if err != nil {
		panic(err)
	}
	return func() *homing.Keyring { return k }
}()

func open(t interface{ Fatal(...any) }, l *lessor, c *clock) *Minter {
	m, err := Open(context.Background(), Options{Lessor: l, Clock: c.Now, Keyring: ring, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestNeverTwice plays minters that crash, restart and end, over a clock that
// leaps and steps back, and wants every origin to be new.
func TestNeverTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c := newLessor(), &clock{now: start}
		m := open(t, l, c)
		seen := map[homing.Origin]bool{}
		var times []homing.Millis
		ctx := context.Background()
		t.Repeat(map[string]func(*rapid.T){
			"mint": func(t *rapid.T) {
				for range rapid.IntRange(1, 9000).Draw(t, "ids") {
					_, o, err := m.Mint(7)
					if err != nil {
						if !errors.Is(err, homing.ErrOverloaded) && !errors.Is(err, homing.ErrUnavailable) {
							t.Fatal(err)
						}
						break
					}
					if seen[o] {
						t.Fatalf("%+v was minted twice", o)
					}
					seen[o] = true
					times = append(times, o.Time)
				}
			},
			// By chance alone a clock hardly ever comes back to the very millisecond.
			"return": func(t *rapid.T) {
				if len(times) > 0 {
					c.set(times[rapid.IntRange(0, len(times)-1).Draw(t, "to")])
				}
			},
			"pass": func(t *rapid.T) { c.step(time.Duration(rapid.IntRange(0, 50).Draw(t, "ms")) * time.Millisecond) },
			"leap": func(t *rapid.T) { c.step(time.Duration(rapid.Int64Range(1, 300_000).Draw(t, "s")) * time.Second) },
			"back": func(t *rapid.T) {
				c.step(-time.Duration(rapid.Int64Range(1, 300_000).Draw(t, "ms")) * time.Millisecond)
			},
			"prolong": func(*rapid.T) { _ = m.prolong(ctx) },
			"crash":   func(t *rapid.T) { m = open(t, l, c) },
			"end":     func(t *rapid.T) { m.release(ctx); m = open(t, l, c) },
			"away": func(t *rapid.T) {
				l.away = rapid.Bool().Draw(t, "away")
				_ = m.prolong(ctx)
				l.away = false
			},
		})
	})
}

func TestFullMillisecondBorrowsFive(t *testing.T) {
	c := &clock{now: start}
	m := open(t, newLessor(), c)
	minted := 0
	for {
		_, o, err := m.Mint(1)
		if errors.Is(err, homing.ErrOverloaded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ahead := o.Time - start; ahead > maxBorrow {
			t.Fatalf("an id runs %d ms ahead", ahead)
		}
		minted++
	}
	// The first id of the loan's first millisecond is left out, see take.
	if want := (1+maxBorrow)*(homing.MaxSeq+1) - 1; minted != want {
		t.Errorf("%d ids, want %d", minted, want)
	}
	c.step(time.Millisecond)
	if _, _, err := m.Mint(1); err != nil {
		t.Errorf("a millisecond later: %v", err)
	}
}

func TestStepBackTakesAnotherNode(t *testing.T) {
	c := &clock{now: start}
	m := open(t, newLessor(), c)
	if _, _, err := m.Mint(1); err != nil {
		t.Fatal(err)
	}
	before := m.Node()
	c.step(-999 * time.Millisecond)
	if _, o, err := m.Mint(1); err != nil || o.Time != start {
		t.Errorf("a small step back: %v at %d, want the last time used on", err, o.Time)
	}
	c.step(-time.Hour)
	if _, _, err := m.Mint(1); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("a large step back: %v, want %v", err, homing.ErrUnavailable)
	}
	if err := m.prolong(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Mint(1); err != nil || m.Node() == before {
		t.Errorf("afterwards: %v under node %d, want another than %d", err, m.Node(), before)
	}
}

// TestStepBackBeforeTheFirstID: a number is lent to a clock that is ahead, which
// steps back before anything was minted, to where an earlier holder of the number
// minted.
func TestStepBackBeforeTheFirstID(t *testing.T) {
	l, c := newLessor(), &clock{now: start}
	_, first, err := open(t, l, c).Mint(1)
	if err != nil {
		t.Fatal(err)
	}
	c.step(time.Hour)
	m := open(t, l, c)
	if m.Node() != first.Node {
		t.Fatalf("node %d, want %d again: the case is not what it was", m.Node(), first.Node)
	}
	c.set(start)
	if id, again, err := m.Mint(1); err == nil {
		t.Errorf("%s at %+v, which was minted before (%+v)", id, again, first)
	}
}

func TestAClockThatFitsNoID(t *testing.T) {
	for _, now := range []homing.Millis{0, homing.Epoch - 1, homing.MaxOriginTime + 1} {
		l, c := newLessor(), &clock{now: now}
		m := open(t, l, c)
		if id, o, err := m.Mint(1); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("at %s: %s at %s, %v", now, id, o.Time, err)
		}
		if err := m.prolong(t.Context()); err == nil {
			t.Errorf("at %s: nobody is told", now)
		}
		c.set(start)
		if err := m.prolong(t.Context()); err != nil {
			t.Errorf("when the clock is right again: %v", err)
		}
		if _, _, err := m.Mint(1); err != nil {
			t.Errorf("when the clock is right again: %v", err)
		}
	}
}

// TestAPatientMinterWaitsForANumber: a process that crashes over and over must
// come up all the same.
func TestAPatientMinterWaitsForANumber(t *testing.T) {
	l, c := newLessor(), &clock{now: start}
	o := Options{Lessor: l, Clock: c.Now, Keyring: ring, Log: slog.New(slog.DiscardHandler), Test: true, Patient: true}
	var m *Minter
	for range homing.MaxNode - homing.FirstTestNode + 2 {
		var err error
		if m, err = Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := m.Mint(1); !errors.Is(err, homing.ErrUnavailable) || m.Trouble() == nil {
		t.Errorf("all numbers are taken: %v, told %v", err, m.Trouble())
	}
	c.step(DefaultAhead + time.Millisecond)
	if err := m.prolong(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, o, err := m.Mint(1); err != nil || !o.Test() {
		t.Errorf("one is free again: %+v, %v", o, err)
	}
}

func TestMarkIsNotPassed(t *testing.T) {
	l, c := newLessor(), &clock{now: start}
	m := open(t, l, c)
	l.away = true
	c.step(DefaultAhead + time.Millisecond)
	if _, _, err := m.Mint(1); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("beyond the mark: %v, want %v", err, homing.ErrUnavailable)
	}
	l.away = false
	if err := m.prolong(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Mint(1); err != nil {
		t.Errorf("prolonged: %v", err)
	}
}

func TestParallelMinting(t *testing.T) {
	c := &clock{now: start}
	m := open(t, newLessor(), c)
	var mu sync.Mutex
	seen := map[homing.ClickID]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				id, o, err := m.Mint(3)
				if err != nil {
					c.step(time.Millisecond)
					continue
				}
				if opened, ok := ring().Open(id); !ok || opened != o {
					t.Errorf("%s opens as %+v, want %+v", id, opened, o)
				}
				mu.Lock()
				if seen[id] {
					t.Errorf("%s was minted twice", id)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func BenchmarkMint(b *testing.B) {
	m := open(b, newLessor(), &clock{})
	m.clock = time.Now
	if err := m.take(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = m.Mint(1) // faster than 4,096 a millisecond it is overloaded
	}
}

func TestMargin(t *testing.T) {
	l, c := newLessor(), &clock{now: start}
	m := open(t, l, c)
	if got := m.Margin(); got != DefaultAhead {
		t.Errorf("at first %s, want %s", got, DefaultAhead)
	}
	c.step(15 * time.Second)
	if got := m.Margin(); got != DefaultAhead-15*time.Second {
		t.Errorf("15 s later %s", got)
	}
	if err := m.prolong(t.Context()); err != nil || m.Margin() != DefaultAhead {
		t.Errorf("prolonged: %s, %v", m.Margin(), err)
	}
	c.step(time.Hour)
	if got := m.Margin(); got != 0 {
		t.Errorf("an hour later %s", got)
	}
	m.release(t.Context())
	if got := m.Margin(); got != 0 {
		t.Errorf("without a number %s", got)
	}
}

// TestMintAtTheArrival: an id has the moment at which its click arrived, unless
// that is long ago for the minter.
func TestMintAtTheArrival(t *testing.T) {
	c := &clock{now: start}
	m := open(t, newLessor(), c)
	c.step(3 * time.Second)
	if _, o, err := m.MintAt(1, start+2500); err != nil || o.Time != start+2500 {
		t.Errorf("%v at %d, want the arrival", err, o.Time-start)
	}
	if _, o, err := m.Mint(1); err != nil || o.Time != start+3000 {
		t.Errorf("%v at %d, want now", err, o.Time-start)
	}
	if _, o, err := m.MintAt(1, start+2500); err != nil || o.Time != start+3000 {
		t.Errorf("%v at %d, want the last time used on", err, o.Time-start)
	}
	c.step(time.Second)
	if _, o, err := m.MintAt(1, start+1); err != nil || o.Time != start+4000 {
		t.Errorf("%v at %d, want now, because the arrival is long ago", err, o.Time-start)
	}
}
