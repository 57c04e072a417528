package loader

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// rotten is a warehouse in which somebody has met damage, and that can be made
// anew only after some tries.
type rotten struct {
	*flaky
	mu     sync.Mutex
	damage string // guarded by mu
	fails  int    // guarded by mu: how many of the next Resets do
	tried  int    // guarded by mu
}

func (r *rotten) Status() warehouse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return warehouse.Status{Up: true, Damage: r.damage}
}

func (r *rotten) Reset(ctx context.Context, progress warehouse.Progress) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tried++; r.fails > 0 {
		r.fails--
		return fmt.Errorf("the child was killed: %w", homing.ErrUnavailable)
	}
	r.damage = ""
	return r.flaky.Reset(ctx, progress)
}

func (r *rotten) tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried
}

func (r *rotten) rot(fails int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.damage, r.fails, r.tried = "block 7 was cut", fails, 0
}

func newRotten(t *testing.T) (*house, *rotten) {
	h := newHouse(t, nil)
	r := &rotten{flaky: h.warehouse}
	h.options.Warehouse = r
	h.Loader = Open(h.options)
	h.believe()
	h.bulk(5)
	h.run()
	h.catchUp()
	return h, r
}

// A report meets damage while there is nothing to load: the loader hears of it.
func TestDamageThatOnlyAReportMeetsIsMended(t *testing.T) {
	h, r := newRotten(t)
	r.rot(0)
	waitFor(t, func() bool { return r.tries() == 1 })
	h.catchUp()
	h.want("5 clicks (5 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if n := strings.Join(h.Notices(), "\n"); !strings.Contains(n, "block 7 was cut") {
		t.Errorf("notices %q", n)
	}

	// Again within the hour: rows are loaded all the same, and then it is made anew.
	r.rot(0)
	h.bulk(2)
	h.catchUp()
	h.want("7 clicks (7 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
	if r.tries() != 0 {
		t.Error("it was made anew twice within an hour")
	}
	h.pass(time.Hour)
	waitFor(t, func() bool { return r.tries() == 1 })
}

// A Reset that something kept from succeeding is no reason to wait for an hour.
func TestAResetThatFailedIsTriedAgainSoon(t *testing.T) {
	h, r := newRotten(t)
	r.rot(3)
	waitFor(t, func() bool { return r.tries() == 1 })
	for n, pause := range []time.Duration{resetAgain, 2 * resetAgain, 4 * resetAgain} {
		h.pass(pause - time.Second) // a while before it is due
		time.Sleep(30 * time.Millisecond)
		if r.tries() != n+1 {
			t.Fatalf("tried %d times, not %d", r.tries(), n+1)
		}
		h.pass(time.Second)
		waitFor(t, func() bool { return r.tries() == n+2 })
	}
	h.catchUp()
	h.want("5 clicks (5 origins, 1 unique), 0 postbacks (0 numbers, 0 calls), 0 conversions (0 known)")
}
