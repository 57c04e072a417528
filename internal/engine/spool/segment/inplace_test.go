package segment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
	"homing/internal/engine/spool"
)

// brim is a disk on which nothing new can be written. What is written over has
// its room.
func brim(disk vfs.FS, full *atomic.Bool) *faultFS {
	return &faultFS{FS: disk, hook: func(op, name string) outcome {
		if full.Load() && strings.HasSuffix(name, tmpSuffix) && op == "write" {
			return outcome{err: syscall.ENOSPC, how: halfDone}
		}
		return outcome{}
	}}
}

// TestRecoveryOnAFullDisk opens what a power cut left on a disk that has no room
// for a copy: it is read, and goes on when there is room.
func TestRecoveryOnAFullDisk(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 7))
		fs := vfs.NewCrashableMem()
		opts := options(fs)
		opts.SegmentSize = 40 << 10
		fs, known := writeAndCut(t, rng, fs, mustOpen(t, opts), newJournal())
		var full atomic.Bool
		full.Store(true)
		s := mustOpen(t, options(brim(fs, &full)))
		mustHold(t, s, known.snapshot())
		if err := known.append(s, 10); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("append: %v", err)
		}
		again := fs.CrashClone(vfs.CrashCloneCfg{}) // it stands, whatever comes
		full.Store(false)
		appendsSoon(t, s, known)
		mustHold(t, s, known.snapshot())
		mustClose(t, s)
		full.Store(true)
		s = mustOpen(t, options(brim(again, &full)))
		mustClose(t, s)
	}
}

// appendsSoon wants appends to be taken soon.
func appendsSoon(t *testing.T, s *Spool, j *journal) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := j.append(s, 10)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("append with room: %v", err)
		}
	}
}

// TestEveryOperationOfARecoveryInPlaceFailsOnce, or is the last before another
// power cut, of which any part of what was not synced stays.
func TestEveryOperationOfARecoveryInPlaceFailsOnce(t *testing.T) {
	for _, how := range []manner{notDone, halfDone, yetDone} {
		for n := range int64(30) {
			rng := rand.New(rand.NewPCG(uint64(n), uint64(how)))
			fs := vfs.NewCrashableMem()
			opts := options(fs)
			opts.SegmentSize = 40 << 10
			fs, known := writeAndCut(t, rng, fs, mustOpen(t, opts), newJournal())
			if rng.IntN(2) == 0 {
				unsyncLast(t, fs)
				known = newJournal() // it was not acknowledged
			}
			var count int64
			broken := &faultFS{FS: fs, hook: func(op, name string) outcome {
				if strings.HasSuffix(name, tmpSuffix) {
					return outcome{err: syscall.ENOSPC}
				}
				if count++; count > n {
					return outcome{err: errBroken, how: how}
				}
				return outcome{}
			}}
			s, err := Open(options(broken))
			if err == nil {
				mustHold(t, s, known.snapshot())
				_ = s.Close()
			}
			cut := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
			s = mustOpen(t, options(cut))
			t.Run(fmt.Sprint("manner ", how, " operation ", n), func(t *testing.T) { mustHold(t, s, known.snapshot()) })
			mustClose(t, s)
		}
	}
}

// TestRecoveryInPlaceTrustsNoPageCache: what cannot be told from what is on the disk
// is written there, and only then the seal that tells of it.
func TestRecoveryInPlaceTrustsNoPageCache(t *testing.T) {
	const blocks = 20
	fs := vfs.NewCrashableMem()
	s := mustOpen(t, options(fs))
	j := newJournal()
	for range blocks {
		if err := j.append(s, 500); err != nil {
			t.Fatal(err)
		}
	}
	fs = fs.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	unsyncLast(t, fs)
	var steps []string
	_, err := Open(options(&faultFS{FS: fs, hook: func(op, name string) outcome {
		switch {
		case strings.HasSuffix(name, tmpSuffix):
			return outcome{err: syscall.ENOSPC}
		case name == fileName(0) && op == "sync" && len(steps) > blocks:
			return outcome{err: errBroken}
		case name == fileName(0) && op != "create":
			steps = append(steps, op)
		}
		return outcome{}
	}}))
	if err == nil {
		t.Fatal("opened after a failed sync")
	}
	want := append(slices.Repeat([]string{"write"}, blocks), "sync", "write")
	if !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
	for seed := range uint64(50) {
		s := mustOpen(t, options(fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 3))})))
		mustHold(t, s, nil)
		mustClose(t, s)
	}
}

// unsyncLast leaves the last block in the page cache only, as a failed fsync does.
func unsyncLast(t *testing.T, fs *vfs.MemFS) {
	t.Helper()
	names, err := fs.List("spool")
	if err != nil {
		t.Fatal(err)
	}
	var g segment
	for _, name := range names {
		if first, ok := parseFileName(name); ok && name > g.name {
			g = segment{first: first, name: name}
		}
	}
	f, err := fs.OpenReadWrite(fs.PathJoin("spool", g.name), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPages(f, &g)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if p.seal != nil {
		return // all of it was synced before
	}
	w := newWalker(f, &g, p.generation, func(spool.Damage) {})
	var at int64
	var last []byte
	for {
		h, _, ok := w.surviving(info.Size())
		if !ok {
			break
		}
		at, last = w.off, make([]byte, h.size())
		w.pass(&h)
	}
	if _, err := readFull(f, last, at); err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, len(last)), at)
	err = errors.Join(err, f.Sync())
	_, failed := f.WriteAt(last, at)
	if err := errors.Join(err, failed, f.Close()); err != nil {
		t.Fatal(err)
	}
}
