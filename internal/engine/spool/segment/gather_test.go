package segment

import (
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// A crowd is waited for until most of it is there; whoever is alone, and a crowd that has
// gone, is not.
func TestWhoIsWaitedFor(t *testing.T) {
	s := &Spool{crowd: newCrowd()}
	wait := func(answered, open int) bool {
		s.queue, s.crowd.wanted = nil, 0
		if open > 0 {
			s.queue = []*batch{{count: uint32(open)}}
		}
		return s.want(uint32(answered))
	}
	for _, c := range []struct {
		answered, open int
		want           bool
	}{
		{1, 0, false},
		{smallest - 1, 0, false},
		{smallest, 0, true}, // none is back
		{30, 10, true},      // of 40, 10
		{8, 30, false},      // of 38, most
		{40, 24, true},
		{2, 1, true}, // they may have been away for a moment
	} {
		if got := wait(c.answered, c.open); got != c.want {
			t.Errorf("%d answered, %d there: waits %t, want %t", c.answered, c.open, got, c.want)
		}
	}
	for range 100 {
		wait(1, 0)
	}
	if wait(2, 1) {
		t.Error("it waits for a crowd that has gone")
	}
}

// The committer hears of those who come, and of nobody twice.
func TestEnoughHaveCome(t *testing.T) {
	c := newCrowd()
	c.wanted = 3
	for n := range uint32(5) {
		c.came(n + 1)
	}
	if len(c.enough) != 1 || c.wanted != 0 {
		t.Errorf("%d words, %d wanted", len(c.enough), c.wanted)
	}
}

// Appenders that come again as soon as they are answered share fsyncs.
func TestCrowdSharesCommits(t *testing.T) {
	s := mustOpen(t, options(vfs.NewMem()))
	defer mustClose(t, s)
	const appenders, each = 64, 50
	var all sync.WaitGroup
	for range appenders {
		all.Go(func() {
			for range each {
				if _, err := s.Append(spool.KindClick, at, []byte("click")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if blocks := s.active.seal.blocks; blocks > appenders*each/4 {
		t.Errorf("%d records in %d blocks", appenders*each, blocks)
	}
}
