package sqlite

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// TestCommitsAreTold: those that wrote, and not those that found all there, or
// failed.
func TestCommitsAreTold(t *testing.T) {
	var mu sync.Mutex
	ticks, writes := 0, []int{}
	l := openWith(t, Options{
		Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			ticks++
			return time.UnixMilli(int64(ticks))
		},
		Committed: func(n int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if took <= 0 {
				t.Errorf("a commit took %s", took)
			}
			writes = append(writes, n)
		},
	})
	for _, n := range []int{1, 1, 2} { // the second is a repeat
		if err := claimOnce(t, l, n); err != nil {
			t.Fatal(err)
		}
	}
	sabotage(t, l, func(func() error) func() error { return func() error { return errors.New("no") } })
	_ = claimOnce(t, l, 3)
	mu.Lock()
	defer mu.Unlock()
	if len(writes) != 2 || writes[0] != 1 || writes[1] != 1 {
		t.Errorf("commits of so many writes were told: %v, want two of one", writes)
	}
}
