package ledgertest

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/ledger"
)

func testLessor(t *testing.T, store Store) {
	t.Run("numbers", func(t *testing.T) { leaseNumbers(t, fresh(t, store)) })
	t.Run("extend and release", func(t *testing.T) { leaseLife(t, fresh(t, store)) })
	t.Run("loans", func(t *testing.T) { leaseLoans(t, fresh(t, store)) })
	t.Run("all lent", func(t *testing.T) { leaseAll(t, fresh(t, store)) })
	t.Run("no two share a moment", func(t *testing.T) { leaseJourneys(t, store) })
}

func lease(t testing.TB, l ledger.Ledger, now, until homing.Millis, test bool) ledger.Lease {
	t.Helper()
	got, err := l.Lease(ctx(t), now, until, test)
	must(t, err)
	equal(t, "mark", got.Mark, until)
	return got
}

func leaseNumbers(t *testing.T, l ledger.Ledger) {
	var got []homing.NodeID
	for range 3 {
		got = append(got, lease(t, l, Noon, Noon+100, false).Node)
	}
	got = append(got, lease(t, l, Noon, Noon+100, true).Node, lease(t, l, Noon, Noon+100, true).Node)
	got = append(got, lease(t, l, Noon+100, Noon+200, false).Node) // a mark at now is not past
	got = append(got, lease(t, l, Noon+101, Noon+200, false).Node) // now it is
	got = append(got, lease(t, l, Noon+101, Noon+200, true).Node)
	equal(t, "numbers", fmt.Sprint(got), "[1 2 3 1008 1009 4 1 1008]")
	_, err := l.Lease(ctx(t), Noon, Noon-1, false)
	mustBe(t, err, homing.ErrInvalid)
}

func leaseLoans(t *testing.T, l ledger.Ledger) {
	loans, err := l.Loans(ctx(t))
	must(t, err)
	equal(t, "loans before the first", len(loans), 0)
	a := lease(t, l, Noon, Noon+100, false)
	b := lease(t, l, Noon, Noon+200, true)
	lease(t, l, Noon, Noon+300, false)
	must(t, l.Extend(ctx(t), b, Noon+250))
	must(t, l.Release(ctx(t), a, Noon+10))
	loans, err = l.Loans(ctx(t))
	must(t, err)
	equal(t, "loans", fmt.Sprint(loans), fmt.Sprint([]ledger.Loan{{Node: 1, Mark: Noon + 10}, {Node: 2, Taken: true, Mark: Noon + 300},
		{Node: homing.FirstTestNode, Taken: true, Mark: Noon + 250}}))
}

func leaseLife(t *testing.T, l ledger.Ledger) {
	a := lease(t, l, Noon, Noon+100, false)
	must(t, l.Extend(ctx(t), a, Noon+200))
	equal(t, "while extended", lease(t, l, Noon+150, Noon+160, false).Node, 2)
	must(t, l.Extend(ctx(t), a, Noon+50)) // never back
	equal(t, "after a step back", lease(t, l, Noon+170, Noon+180, false).Node, 2)
	must(t, l.Release(ctx(t), a, Noon+10))
	mustBe(t, l.Extend(ctx(t), a, Noon+300), homing.ErrConflict)
	mustBe(t, l.Release(ctx(t), a, Noon+10), homing.ErrConflict)
	b := lease(t, l, Noon+11, Noon+100, false)
	equal(t, "after the release", b.Node, a.Node)

	c := lease(t, l, Noon+101, Noon+300, false) // b is slow, and has lost it
	equal(t, "lost", c.Node, b.Node)
	mustBe(t, l.Extend(ctx(t), b, Noon+400), homing.ErrConflict)
	mustBe(t, l.Release(ctx(t), b, Noon), homing.ErrConflict)
	must(t, l.Release(ctx(t), c, 0)) // it used nothing, but b may have used all up to its mark
	if d := lease(t, l, Noon+100, Noon+150, false); d.Node == b.Node {
		t.Error("a release without use gave away what an earlier holder may have used")
	}
	mustBe(t, l.Extend(ctx(t), ledger.Lease{Node: 77, Token: 1}, Noon), homing.ErrConflict)
}

func leaseAll(t *testing.T, l ledger.Ledger) {
	for range homing.MaxNode - homing.FirstTestNode + 1 {
		lease(t, l, Noon, Noon+100, true)
	}
	_, err := l.Lease(ctx(t), Noon, Noon+100, true)
	mustBe(t, err, homing.ErrUnavailable)
	lease(t, l, Noon, Noon+100, false)
	lease(t, l, Noon+101, Noon+200, true)
}

// holder is a node of the model. It mints at every moment of its own clock,
// never going back, and never past its mark.
type holder struct {
	lease  ledger.Lease
	minted homing.Millis // the last moment it minted at; before, its start
}

// leaseJourneys lets nodes start, mint, extend, crash and end, with clocks that
// step forth and back, and looks for a (node, moment) minted by two.
func leaseJourneys(t *testing.T, store Store) {
	rapid.Check(t, func(rt *rapid.T) {
		l := store(t)()
		defer l.Close()
		minted := map[homing.NodeID]map[homing.Millis]uint64{}
		var holders []*holder
		clock := Noon
		pick := func() *holder { return rapid.SampledFrom(holders).Draw(rt, "holder") }
		drop := func(h *holder) {
			for i := range holders {
				if holders[i] == h {
					holders = append(holders[:i], holders[i+1:]...)
					return
				}
			}
		}
		mint := func(h *holder, at homing.Millis) {
			for m := h.minted + 1; m <= min(at, h.lease.Mark); m++ {
				if minted[h.lease.Node] == nil {
					minted[h.lease.Node] = map[homing.Millis]uint64{}
				}
				if other := minted[h.lease.Node][m]; other != 0 && other != h.lease.Token {
					rt.Fatalf("node %d minted at %d under two leases", h.lease.Node, m-Noon)
				}
				minted[h.lease.Node][m] = h.lease.Token
				h.minted = m
			}
		}
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			action := rapid.SampledFrom([]string{"start", "mint", "extend", "crash", "end", "forth", "back"}).Draw(rt, "action")
			if len(holders) == 0 && (action == "mint" || action == "extend" || action == "crash" || action == "end") {
				action = "start"
			}
			switch action {
			case "start":
				span := homing.Millis(rapid.IntRange(0, 30).Draw(rt, "span"))
				got, err := l.Lease(ctx(t), clock, clock+span, false)
				must(t, err)
				holders = append(holders, &holder{lease: got, minted: clock - 1})
			case "mint":
				mint(pick(), clock)
			case "extend":
				h := pick()
				until := clock + homing.Millis(rapid.IntRange(-5, 30).Draw(rt, "ahead"))
				if l.Extend(ctx(t), h.lease, until) != nil {
					drop(h)
				} else {
					h.lease.Mark = max(h.lease.Mark, until)
				}
			case "crash":
				h := pick()
				mint(h, clock) // the last it did
				drop(h)
			case "end":
				h := pick()
				_ = l.Release(ctx(t), h.lease, h.minted) // lost already: nothing to release
				drop(h)
			case "forth":
				clock += homing.Millis(rapid.IntRange(1, 40).Draw(rt, "forth"))
			case "back":
				clock -= homing.Millis(rapid.IntRange(1, 40).Draw(rt, "back"))
			}
		}
	})
}
