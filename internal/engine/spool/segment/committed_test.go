package segment

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// TestCommitsAreTold: each block, with the time between two looks at the clock.
func TestCommitsAreTold(t *testing.T) {
	opts := options(vfs.NewMem())
	var ticks, told atomic.Int64
	opts.Clock = func() time.Time { return at.Time().Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	opts.Committed = func(took time.Duration) {
		if took <= 0 {
			t.Errorf("a commit took %s", took)
		}
		told.Add(1)
	}
	s := mustOpen(t, opts)
	for n := range int64(3) {
		if _, err := s.Append(spool.KindClick, at, []byte("click")); err != nil {
			t.Fatal(err)
		}
		if told.Load() != n+1 {
			t.Errorf("after %d appends one after the other %d commits were told", n+1, told.Load())
		}
	}
	mustClose(t, s)
}
