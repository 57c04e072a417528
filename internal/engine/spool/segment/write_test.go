package segment

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
)

// TestNothingFollowsAFailedWrite: a write that fails leaves a torn block, or none.
// Unlike a failed sync it ends nothing: nobody was told that the block is there, and
// its file is never written again, so nothing can be lost behind it. The batch goes
// to a fresh file; if that cannot be written either it is refused, and a
// later one is taken.
func TestNothingFollowsAFailedWrite(t *testing.T) {
	for _, how := range []manner{notDone, halfDone, yetDone} {
		for n := range 40 { // the n-th write fails, and the next one too
			t.Run(fmt.Sprint("manner ", how, " write ", n), func(t *testing.T) {
				t.Parallel()
				failWrites(t, n, how)
			})
		}
	}
}

func failWrites(t *testing.T, n int, how manner) {
	disk := vfs.NewCrashableMem()
	var mu sync.Mutex
	count, failed := 0, map[string]bool{} // guarded by mu
	opts := options(&faultFS{FS: disk, hook: func(op, name string) outcome {
		mu.Lock()
		defer mu.Unlock()
		if op != "write" {
			return outcome{}
		}
		if failed[name] { // by the name it was opened with, which no two files share
			t.Errorf("%s is written after a write to it has failed", name)
		}
		if count++; count == n+5 || count == n+6 {
			failed[name] = true
			return outcome{err: errBroken, how: how}
		}
		return outcome{}
	}})
	opts.SegmentSize = 28 << 10
	opts.Fatal = func(err error) { t.Errorf("ended by a failed write: %v", err) }
	s := mustOpen(t, opts)
	j := newJournal()
	for range 60 {
		if err := j.append(s, 800); err != nil && !errors.Is(err, homing.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	appendsSoon(t, s, j)
	mustHold(t, s, j.acked)
	cut := disk.CrashClone(vfs.CrashCloneCfg{})
	_ = s.Close() // it may say that the seal could not be written
	for _, fs := range []vfs.FS{cut, disk} {
		s := mustOpen(t, options(fs))
		mustHold(t, s, j.acked)
		mustClose(t, s)
	}
}
