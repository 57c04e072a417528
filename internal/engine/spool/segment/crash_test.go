package segment

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// TestPowerCut writes with several writers, cuts the power at many moments,
// keeping any part of what was not synced, and opens what is left: everything
// acknowledged must be there, without a gap, and the spool must go on, through
// several cuts in a row.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			fs := vfs.NewCrashableMem()
			known := newJournal()
			for range 6 {
				opts := options(fs)
				opts.SegmentSize = 40 << 10
				s, err := Open(opts)
				if err != nil {
					t.Fatal(err)
				}
				mustHold(t, s, known.snapshot())
				fs, known = writeAndCut(t, rng, fs, s, known)
			}
		})
	}
}

// writeAndCut returns the disk after the cut, and what had been acknowledged
// just before it.
func writeAndCut(t *testing.T, rng *rand.Rand, fs *vfs.MemFS, s *Spool, j *journal) (*vfs.MemFS, *journal) {
	var writers sync.WaitGroup
	sizes := make([]int, 4)
	for w := range sizes {
		sizes[w] = 8 << rng.IntN(10)
		writers.Go(func() {
			for range 1 + 20000/(sizes[w]+100) {
				if err := j.append(s, sizes[w]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	// Wait for some moment, which may lie within a commit, a roll, or behind
	// the last of them.
	for until := s.Durable() + 1; s.Durable() < until && rng.IntN(40) > 0; {
		until++
		for range rng.IntN(2000) {
			_ = s.Durable()
		}
	}
	if rng.IntN(8) == 0 {
		writers.Wait()
		mustClose(t, s)
	}
	acked := j.snapshot()
	cut := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 30, 50, 90, 100}[rng.IntN(5)], RNG: rng})
	writers.Wait()
	_ = s.Close()
	next := newJournal()
	next.acked, next.tries = acked, j.tries
	return cut, next
}

// TestPowerCutAtEveryStep cuts the power just before everything that makes
// something durable, when most can be torn.
func TestPowerCutAtEveryStep(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng, sizes := rand.New(rand.NewPCG(seed, 3)), rand.New(rand.NewPCG(seed, 4))
			disk := vfs.NewCrashableMem()
			j := newJournal()
			var mu sync.Mutex
			torn := 0
			opts := options(&faultFS{FS: disk, hook: func(op, name string) outcome {
				mu.Lock()
				defer mu.Unlock()
				if op == "write" {
					return outcome{}
				}
				torn++
				acked := j.snapshot()
				cut := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{20, 50, 80}[rng.IntN(3)], RNG: rng})
				var check sync.WaitGroup // Fatal must not end the committer
				check.Go(func() { goesOn(t, cut, acked) })
				check.Wait()
				return outcome{}
			}})
			opts.Patience = time.Hour // the hook takes its time
			s := mustOpen(t, opts)
			for range 60 {
				if err := j.append(s, 8<<sizes.IntN(12)); err != nil {
					t.Fatal(err)
				}
			}
			mustClose(t, s)
			if torn < 60 {
				t.Errorf("only %d cuts", torn)
			}
		})
	}
}

// goesOn opens what a power cut has left, checks it, and appends.
func goesOn(t *testing.T, cut *vfs.MemFS, acked map[spool.Position][]byte) {
	opts := options(cut)
	opts.SegmentSize = 20 << 10 // opening prepares less
	s := mustOpen(t, opts)
	mustHold(t, s, acked)
	j := newJournal()
	j.acked, j.tries = acked, 1<<40
	if err := j.append(s, 100); err != nil {
		t.Error(err)
	}
	mustHold(t, s, j.acked)
	mustClose(t, s)
}

// TestCutDuringRecovery cuts the power at every step of a recovery.
func TestCutDuringRecovery(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := mustOpen(t, options(disk))
	j := newJournal()
	for range 40 {
		if err := j.append(s, 500); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	torn := disk.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	for step := 0; ; step++ {
		fs := torn.CrashClone(vfs.CrashCloneCfg{})
		var cut *vfs.MemFS
		var mu sync.Mutex
		n := 0
		s := mustOpen(t, options(&faultFS{FS: fs, hook: func(op, name string) outcome {
			mu.Lock()
			defer mu.Unlock()
			if n == step && cut == nil {
				cut = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng})
			}
			n++
			return outcome{}
		}}))
		mustHold(t, s, j.acked)
		_ = s.Close()
		if cut == nil {
			break
		}
		s = mustOpen(t, options(cut))
		mustHold(t, s, j.acked)
		if err := j.append(s, 10); err != nil {
			t.Fatal(err)
		}
		delete(j.acked, s.Durable()-1) // only on this disk
		_ = s.Close()
		if step > 10000 {
			t.Fatal("endless")
		}
	}
}
