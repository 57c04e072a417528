package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
	"homing/internal/engine/spool"
)

// TestABlockWhoseWriteFailedIsNeverRead lets the write of a block fail although
// all or half of it arrived. The positions it had go to the block that is
// written instead, into a fresh segment; and whatever reads, then and after a
// restart that kept every byte, sees each position once, with what was
// acknowledged.
func TestABlockWhoseWriteFailedIsNeverRead(t *testing.T) {
	for _, how := range []manner{notDone, halfDone, yetDone} {
		// After one failure the same records are written again. After two they
		// are refused, and others get their positions.
		for failures := range 2 {
			for _, before := range []int{0, 1, 5} { // blocks in the segment that is given up
				t.Run(fmt.Sprint("manner ", how, " failures ", failures+1, " after ", before), func(t *testing.T) {
					failedWrite(t, how, failures+1, before)
				})
			}
		}
	}
}

func failedWrite(t *testing.T, how manner, failures, before int) {
	disk := vfs.NewCrashableMem()
	fs := &blockFS{FS: disk, how: how}
	opts := options(fs)
	s := mustOpen(t, opts)
	follower, err := s.Follow(0)
	if err != nil {
		t.Fatal(err)
	}
	j := newJournal()
	for range before {
		if err := j.append(s, 900); err != nil {
			t.Fatal(err)
		}
	}
	fs.failNext(failures)
	// The failed block is longer than what follows it, so that its rest would
	// show if its place were used again.
	if err := j.append(s, 9000); (err != nil) != (failures == 2) || err != nil && !errors.Is(err, homing.ErrUnavailable) {
		t.Fatalf("append with %d failures: %v", failures, err)
	}
	for range 3 {
		if err := j.append(s, 100); err != nil {
			t.Fatal(err)
		}
	}
	for i, file := range fs.wrote[1:] {
		if i < failures && file == fs.wrote[i] {
			t.Errorf("%s is written to after a write to it has failed", file)
		}
	}
	mustHold(t, s, j.acked)
	seen := map[spool.Position]bool{}
	for len(seen) < len(j.acked) {
		batch, err := follower.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Records {
			if seen[r.Position] || !bytes.Equal(r.Data, j.acked[r.Position]) {
				t.Errorf("the follower was given %s, seen before: %v", r.Position, seen[r.Position])
			}
			seen[r.Position] = true
		}
	}
	for _, percent := range []int{0, 50, 100} {
		crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(1, 2))})
		reopened(t, options(crashed), j)
	}
	mustClose(t, s)
	reopened(t, options(disk), j)
}

// reopened opens what is there and goes on, twice.
func reopened(t *testing.T, opts Options, j *journal) {
	t.Helper()
	all := &journal{acked: j.snapshot(), tries: 1 << 20}
	for range 2 {
		s := mustOpen(t, opts)
		mustHold(t, s, all.acked)
		if err := all.append(s, 500); err != nil {
			t.Fatal(err)
		}
		mustHold(t, s, all.acked)
		mustClose(t, s)
	}
}

// blockFS lets writes of blocks fail, and no others. Its fields are the
// committer's while an append waits, else the test's.
type blockFS struct {
	vfs.FS
	how   manner
	left  int      // failures to come
	wrote []string // the files that blocks were written to since failNext
}

func (fs *blockFS) failNext(n int) { fs.left, fs.wrote = n, nil }

// OpenReadWrite opens a file whose name stays the one it was prepared under.
func (fs *blockFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.FS.OpenReadWrite(name, c, opts...)
	return &blockFile{f, fs, name}, err
}

type blockFile struct {
	vfs.File
	fs   *blockFS
	name string
}

func (f *blockFile) WriteAt(p []byte, off int64) (n int, err error) {
	if !bytes.HasPrefix(p, blockMagic[:]) {
		return f.File.WriteAt(p, off)
	}
	f.fs.wrote = append(f.fs.wrote, f.name)
	if f.fs.left == 0 {
		return f.File.WriteAt(p, off)
	}
	f.fs.left--
	switch f.fs.how {
	case halfDone:
		n, _ = f.File.WriteAt(p[:len(p)/2], off)
	case yetDone:
		n, _ = f.File.WriteAt(p, off)
	}
	return n, errBroken
}
