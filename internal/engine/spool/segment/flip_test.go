package segment

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// place is where a block lies.
type place struct {
	file        string
	off, stored int64
	first, next spool.Position
}

// places lists the blocks of a spool.
func places(t testing.TB, s *Spool) (list []place) {
	t.Helper()
	v := s.view()
	c := cursor{s: s, next: s.Oldest()}
	defer c.close()
	for {
		h, ok, err := c.block(v)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return list
		}
		list = append(list, place{c.of.name, c.walk.off, int64(h.stored), h.first, h.next()})
		c.pass(&h)
	}
}

// image is a disk with a spool on it, and what is known about it.
type image struct {
	disk   *vfs.MemFS
	blocks []place
	acked  map[spool.Position][]byte
}

// newImage writes several segments; the spool is closed, or the power is cut.
func newImage(t testing.TB, closed bool) image {
	t.Helper()
	disk := vfs.NewCrashableMem()
	opts := options(disk)
	opts.SegmentSize = 32 << 10
	s := mustOpen(t, opts)
	j := newJournal()
	for i := range 60 {
		var wg sync.WaitGroup // several records in a block
		for range 1 + i%4 {
			wg.Go(func() {
				if err := j.append(s, 8+i*17%900); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	blocks := places(t, s)
	crashed := disk.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	if closed {
		return image{disk, blocks, j.acked}
	}
	return image{crashed, blocks, j.acked}
}

// clone copies the disk.
func (im image) clone() *vfs.MemFS { return im.disk.CrashClone(vfs.CrashCloneCfg{}) }

// flip turns one bit of a file.
func flip(t testing.TB, fs vfs.FS, path string, off int64, bit int) {
	t.Helper()
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << bit
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// segmentFiles lists the segments with their sizes.
func segmentFiles(t testing.TB, fs vfs.FS) (names []string, sizes []int64) {
	t.Helper()
	list, err := fs.List("spool")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	for _, name := range list {
		if _, ok := parseFileName(name); ok {
			info, err := fs.Stat("spool/" + name)
			if err != nil {
				t.Fatal(err)
			}
			names, sizes = append(names, name), append(sizes, info.Size())
		}
	}
	return names, sizes
}

// TestBitFlips turns one bit, anywhere in a closed or an open spool, a thousand
// times each. It must be found, every record of every other block must be read,
// and the lost ones be named.
func TestBitFlips(t *testing.T) {
	for name, closed := range map[string]bool{"Closed": true, "Open": false} {
		t.Run(name, func(t *testing.T) {
			im := newImage(t, closed)
			names, sizes := segmentFiles(t, im.disk)
			rng := rand.New(rand.NewPCG(7, 7))
			for range 1000 {
				i := rng.IntN(len(names))
				im.try(t, names[i], rng.Int64N(sizes[i]), rng.IntN(8))
			}
		})
	}
}

// TestBitFlipsInLastBlock turns every bit of the last acknowledged block of an
// open spool: the one that looks most like a torn write.
func TestBitFlipsInLastBlock(t *testing.T) {
	im := newImage(t, false)
	last := im.blocks[len(im.blocks)-1]
	for off := last.off; off < last.off+headerSize+last.stored; off += 3 {
		im.try(t, last.file, off, int(off%8))
	}
	for off := last.off; off < last.off+headerSize; off++ {
		for bit := range 8 {
			im.try(t, last.file, off, bit)
		}
	}
	behind := last.off + alignUp(headerSize+last.stored)
	for off := behind; off < behind+2*headerSize; off++ {
		im.try(t, last.file, off, int(off%8))
	}
}

// try turns a bit of a copy and checks what comes of it.
func (im image) try(t *testing.T, file string, off int64, bit int) {
	t.Helper()
	fs := im.clone()
	flip(t, fs, "spool/"+file, off, bit)
	opts := options(fs)
	opts.SegmentSize = 20 << 10 // opening prepares less
	s, err := Open(opts)
	if err != nil {
		t.Fatalf("bit %d at %s:%d: %v", bit, file, off, err)
	}
	im.check(t, s, file, off, true)
	end := s.Durable()
	if end < spool.Position(len(im.acked)) {
		t.Fatalf("bit at %s:%d: goes on at %s, %d were acknowledged", file, off, end, len(im.acked))
	}
	if p, err := s.Append(spool.KindClick, at, []byte("next")); err != nil || p != end {
		t.Fatalf("bit at %s:%d: next record at %s, %v", file, off, p, err)
	}
	mustClose(t, s)
	// What was lost stays lost, and is known to be.
	s = mustOpen(t, opts)
	im.check(t, s, file, off, false)
	mustClose(t, s)
}

// check reads everything. Only the block in whose body the bit lies may be lost.
func (im image) check(t *testing.T, s *Spool, file string, off int64, fresh bool) {
	t.Helper()
	var lost place
	meant := off < blocksAt // something that counts lies there
	for _, b := range im.blocks {
		if b.file == file && off >= b.off && off < b.off+headerSize+b.stored {
			meant = true
			if off >= b.off+headerSize {
				lost = b
			}
		}
	}
	got := readAll(t, s)
	if err := s.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	damage := s.Damage()
	// What cost no record, a mended header or a page, may be gone once the
	// segment has been recovered.
	if meant && len(damage) == 0 && (fresh || lost.next > 0) {
		t.Fatalf("bit at %s:%d not found", file, off)
	}
	for p, data := range im.acked {
		switch {
		case bytes.Equal(got[p], data):
		case got[p] != nil:
			t.Fatalf("bit at %s:%d: record %s changed", file, off, p)
		case p < lost.first || p >= lost.next:
			t.Fatalf("bit at %s:%d: record %s lost, which is not of the damaged block [%s,%s)\n%+v", file, off, p, lost.first, lost.next, damage)
		case !named(damage, p):
			t.Fatalf("bit at %s:%d: record %s lost in silence\n%+v", file, off, p, damage)
		}
	}
}

func named(damage []spool.Damage, p spool.Position) bool {
	for _, d := range damage {
		if p >= d.First && p < d.Next {
			return true
		}
	}
	return false
}
