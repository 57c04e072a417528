package api

import (
	"context"
	"sync"
	"time"

	"homing/internal/engine/ledger"
)

// newsEvery is how soon somebody who waits hears of a change.
const newsEvery = 200 * time.Millisecond

// news watches for changes in the ledger. The ledger tells nobody that there is
// one, so whoever waits looks again and again: one row by its number.
type news struct {
	books    ledger.Books
	stopping <-chan struct{} // closed when nobody is to wait any more

	mu    sync.Mutex
	known int64 // a change of this number is there; guarded by mu
}

// newest is the number of the newest change; 0 if there is none. Numbers have no
// gaps, so it is found by halving: in one look if nothing is new since the last
// time, in some fifty after a start.
func (n *news) newest(ctx context.Context) (int64, error) {
	n.mu.Lock()
	low := n.known
	n.mu.Unlock()
	step := int64(1)
	for {
		there, err := n.there(ctx, low+step)
		if err != nil {
			return 0, err
		}
		if !there {
			break
		}
		low, step = low+step, 2*step
	}
	for step > 1 { // low is there, low+step is not
		step /= 2
		there, err := n.there(ctx, low+step)
		if err != nil {
			return 0, err
		}
		if there {
			low += step
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = max(n.known, low)
	return low, nil
}

func (n *news) there(ctx context.Context, number int64) (bool, error) {
	found, err := n.books.Changes(ctx, number-1, 1)
	return len(found) > 0, err
}

// await waits until there is a change above after. It returns false if it gave
// up, because ctx is done or the server stops.
func (n *news) await(ctx context.Context, after int64) (bool, error) {
	tick := time.NewTicker(newsEvery)
	defer tick.Stop()
	for {
		there, err := n.there(ctx, after+1)
		if there || err != nil && ctx.Err() == nil {
			return there, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, nil
		case <-n.stopping:
			return false, nil
		}
	}
}
