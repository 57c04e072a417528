package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger/ledgertest"
)

// TestNodesKnowEachOther, hear of one that has a warehouse of its own, and of one that
// is gone.
func TestNodesKnowEachOther(t *testing.T) {
	shared := ledgertest.NewShared()
	now := homing.Millis(1_800_000_000_000)
	clock := func() time.Time { return now.Time() }
	desk := newPresence(shared, clock, 1, roleDesk, false)
	odd := newPresence(shared, clock, 2, roleAll, true)
	for range 2 { // the second time in place of the first
		odd.tell(t.Context())
		desk.tell(t.Context())
	}
	if nodes := desk.nodes(); len(nodes) != 2 || nodes[0].Role != roleDesk || !nodes[1].Embedded || !nodes[1].alive(now) {
		t.Errorf("the nodes are %+v", nodes)
	}
	if list := desk.troubles(); len(list) != 1 || !strings.Contains(list[0], "--warehouse") {
		t.Errorf("the troubles are %q", list)
	}
	now += homing.MillisIn(nodeGone) + 1
	desk.tell(t.Context())
	if nodes := desk.nodes(); nodes[1].alive(now) || !nodes[0].alive(now) || len(desk.troubles()) != 0 {
		t.Errorf("after a while the nodes are %+v", nodes)
	}
	ending, end := context.WithCancel(t.Context())
	end()
	desk.run(ending) // tells once, then that it is gone
	if nodes, err := listNodes(t.Context(), shared); err != nil || len(nodes) != 1 {
		t.Errorf("after its end the nodes are %+v, %v", nodes, err)
	}
}

// TestReportsAreAsFreshAsTheNodeThatIsFarthestBehind, of those that are at work and say
// how far they are.
func TestReportsAreAsFreshAsTheNodeThatIsFarthestBehind(t *testing.T) {
	shared := ledgertest.NewShared()
	now := homing.Millis(1_800_000_000_000)
	clock := func() time.Time { return now.Time() }
	desk := newPresence(shared, clock, 1, roleDesk, false)
	late, silent, prompt := newPresence(shared, clock, 2, roleEdge, false), newPresence(shared, clock, 3, roleEdge, false), newPresence(shared, clock, 4, roleEdge, false)
	behind := homing.Millis(60_000)
	late.loaded = func() homing.Millis { return now - behind }
	prompt.loaded = func() homing.Millis { return now - 1 }
	desk.loaded = func() homing.Millis { return now - 2*behind } // what it told of itself is older than what it knows
	tell := func(nodes ...*presence) {
		for _, p := range nodes {
			p.tell(t.Context())
		}
	}
	tell(late, silent, prompt, desk)
	if got := desk.fresh(now - 5); got != now-behind {
		t.Errorf("fresh to %d, want %d", got-now, -behind)
	}
	if got := desk.fresh(now - 2*behind); got != now-2*behind {
		t.Errorf("behind itself: fresh to %d", got-now)
	}
	if got := desk.fresh(0); got != 0 {
		t.Errorf("not known: fresh to %d", got-now)
	}
	now += homing.MillisIn(nodeGone) + 1
	tell(prompt, silent, desk)
	if got := desk.fresh(now); got != now-1 {
		t.Errorf("with one gone: fresh to %d", got-now)
	}
}
