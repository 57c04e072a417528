package torture

import (
	"context"
	"sync"
	"time"

	"homing/internal/torture/interpose"
)

// trap lets one operation fail, and counts all.
type trap struct {
	point point

	mu    sync.Mutex
	start bool              // guarded by mu once it is armed: the server is starting
	seen  map[operation]int // guarded by mu
	what  string            // guarded by mu: the operation that failed
	cut   string            // guarded by mu: the file of which half a write was done
	came  chan struct{}     // closed when it has failed
}

func newTrap(p point) *trap {
	return &trap{point: p, seen: map[operation]int{}, came: make(chan struct{})}
}

// decide is for a Watch.
func (t *trap) decide(op interpose.Operation) interpose.Outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := operation{t.start, op.Call, placeOf(op.Path)}
	t.seen[o]++
	if t.cut != "" && op.Path == t.cut && op.Call == interpose.Write {
		t.cut = ""
		return noSpace.outcome
	}
	if t.what != "" || o != t.point.operation || t.seen[o] != t.point.nth {
		return interpose.Outcome{}
	}
	t.what = string(op.Call) + " of " + op.Path
	close(t.came)
	if t.point.manner.outcome.Half {
		t.cut = op.Path
	}
	return t.point.manner.outcome
}

// setStart tells that the server has started.
func (t *trap) setStart(start bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.start = start
}

// fired tells which operation failed; "" = none yet.
func (t *trap) fired() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.what
}

// wait waits until the operation has failed.
func (t *trap) wait(ctx context.Context, patience time.Duration) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-t.came:
	case <-late.C:
	case <-ctx.Done():
	}
}
