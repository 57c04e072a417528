package cluster

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/warehouse"
)

var (
	noon  = homing.MillisOf(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	today = warehouse.DayAt(noon)
)

func newSalts(t testing.TB, shared *ledgertest.Shared) (*Salts, *ledgertest.Link) {
	link := ledgertest.LinkTo(shared)
	return NewSalts(SaltsOptions{Commons: link.Ledger(), Key: aKey(t), Clock: noon.Time}), link
}

func TestSaltsAreTheSameForAll(t *testing.T) {
	shared := ledgertest.NewShared()
	a, linkOfA := newSalts(t, shared)
	b, _ := newSalts(t, shared)
	one, err := a.Of(t.Context(), today)
	if err != nil || one == (Salt{}) {
		t.Fatal(one, err)
	}
	if two, err := b.Of(t.Context(), today); err != nil || two != one {
		t.Errorf("two nodes: %x and %x, %v", one, two, err)
	}
	if other, err := b.Of(t.Context(), today+1); err != nil || other == one {
		t.Errorf("two days have the same: %v", err)
	}
	sealed, err := shared.Common(t.Context(), "salt/2026-11-20")
	if err != nil || sealed == nil || bytes.Contains(sealed, one[:]) {
		t.Errorf("what is shared: %x, %v", sealed, err)
	}
	linkOfA.Turn(ledgertest.Away)
	if again, err := a.Of(t.Context(), today); err != nil || again != one {
		t.Errorf("without the ledger: %x, %v; want %x", again, err, one)
	}
	if _, err := a.Of(t.Context(), today+2); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("unknown, without the ledger: %v", err)
	}
}

// TestSaltsAreProposedAtOnce: another node is faster, just between look and put.
func TestSaltsAreProposedAtOnce(t *testing.T) {
	shared := ledgertest.NewShared()
	a, _ := newSalts(t, shared)
	b, linkOfB := newSalts(t, shared)
	var first Salt
	raced := &racing{Link: linkOfB, before: func() {
		var err error
		if first, err = a.Of(t.Context(), today); err != nil {
			t.Fatal(err)
		}
	}}
	b.commons = raced
	if second, err := b.Of(t.Context(), today); err != nil || second != first || first == (Salt{}) {
		t.Errorf("%x and %x, %v", first, second, err)
	}
	// An answer that is lost: the salt stands, and is found.
	c, linkOfC := newSalts(t, shared)
	linkOfC.Turn(ledgertest.Mute)
	if _, err := c.Of(t.Context(), today+5); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	linkOfC.Turn(ledgertest.Near)
	one, err := c.Of(t.Context(), today+5)
	if two, err2 := a.Of(t.Context(), today+5); err != nil || err2 != nil || one != two {
		t.Errorf("after a lost answer: %x and %x, %v, %v", one, two, err, err2)
	}
}

func TestMidnightNeedsNoLedger(t *testing.T) {
	s, link := newSalts(t, ledgertest.NewShared())
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	link.Turn(ledgertest.Away)
	if err := s.Prepare(t.Context()); err != nil {
		t.Errorf("nothing is unknown: %v", err)
	}
	if _, err := s.Of(t.Context(), today+1); err != nil {
		t.Error(err)
	}
}

func TestSaltsOfDaysThatAreOverGo(t *testing.T) {
	shared := ledgertest.NewShared()
	s, _ := newSalts(t, shared)
	for day := today - 3; day <= today; day++ {
		if _, err := s.Of(t.Context(), day); err != nil {
			t.Fatal(err)
		}
	}
	old, _ := s.Of(t.Context(), today-3)
	if err := s.Drop(t.Context(), today-1); err != nil {
		t.Fatal(err)
	}
	names, err := shared.CommonNames(t.Context(), "salt/")
	if err != nil || !slices.Equal(names, []string{"salt/2026-11-19", "salt/2026-11-20"}) {
		t.Errorf("left: %v, %v", names, err)
	}
	if again, err := s.Of(t.Context(), today-3); err != nil || again == old {
		t.Errorf("a salt that was dropped is remembered: %v", err)
	}
	for day := range warehouse.Day(100) {
		if _, err := s.Of(t.Context(), day); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.byDay); n > mostSaltDays {
		t.Errorf("%d days are remembered", n)
	}
}

func TestSaltsOfAnotherClusterAreNotUsed(t *testing.T) {
	shared := ledgertest.NewShared()
	s, _ := newSalts(t, shared)
	if _, err := s.Of(t.Context(), today); err != nil {
		t.Fatal(err)
	}
	other, err := ParseKey(NewKey())
	if err != nil {
		t.Fatal(err)
	}
	_, link := newSalts(t, shared)
	wrong := NewSalts(SaltsOptions{Commons: link.Ledger(), Key: other, Clock: noon.Time})
	if salt, err := wrong.Of(t.Context(), today); !errors.Is(err, homing.ErrDamaged) {
		t.Errorf("%x, %v", salt, err)
	}
}
