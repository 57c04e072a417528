package segment

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
	"homing/internal/engine/spool"
)

var update = flag.Bool("update", false, "write testdata/v1.seg anew; only for a new format version, under a new name")

// goldenBlocks are what the golden file holds: three blocks, two of several
// records, one of them incompressible.
func goldenBlocks() [][]spool.Record {
	noise := getNoise(0)
	return [][]spool.Record{
		{{Kind: spool.KindClick, At: at, Data: []byte("one")}, {Kind: spool.KindPostback, At: at - 5, Data: []byte{}}},
		{{Kind: spool.KindTally, At: at + 1, Data: noise}},
		{{Kind: spool.KindClick, At: at + 2, Data: bytes.Repeat([]byte("three "), 100)}, {Kind: spool.MaxKind, At: -1, Data: []byte("four")}},
	}
}

// TestGolden reads a file that the first version wrote. It must be read for
// ever.
func TestGolden(t *testing.T) {
	const path = "testdata/v1.seg"
	if *update {
		writeGolden(t, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fs := vfs.NewMem()
	putFile(t, fs, fileName(1000), data)
	s := mustOpen(t, options(fs))
	defer mustClose(t, s)
	want := spool.Position(1000)
	records := []spool.Record{}
	for r, err := range s.Scan(t.Context(), spool.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		r.Data = bytes.Clone(r.Data)
		records = append(records, r)
	}
	for _, block := range goldenBlocks() {
		for _, w := range block {
			r := records[want-1000]
			if r.Position != want || r.Kind != w.Kind || r.At != w.At || !bytes.Equal(r.Data, w.Data) {
				t.Errorf("record %s is %+v, want %+v", want, r, w)
			}
			want++
		}
	}
	if s.Durable() != want || len(s.Damage()) > 0 {
		t.Errorf("ends at %s, want %s; damage %v", s.Durable(), want, s.Damage())
	}
}

func writeGolden(t *testing.T, path string) {
	os.Remove(path)
	f, err := vfs.Default.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := newWriter(f, path, header{generation: 0x0123456789abcdef, first: 1000, created: at, room: blocksAt})
	if err != nil {
		t.Fatal(err)
	}
	p := newPacker()
	for _, block := range goldenBlocks() {
		var b batch
		b.reset()
		for _, r := range block {
			b.add(r.Kind, r.At, r.Data)
		}
		h, packed := p.pack(b.header(w.seal.next), b.body)
		if err := w.write(h, packed); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.writeSeal(); err != nil {
		t.Fatal(err)
	}
}

func putFile(t testing.TB, fs vfs.FS, name string, data []byte) {
	t.Helper()
	if err := fs.MkdirAll("spool", 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Create("spool/"+name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(bytes.Clone(data)); err != nil { // Write may change it
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

func getFile(t testing.TB, fs *vfs.MemFS, name string) []byte {
	t.Helper()
	data, err := fs.UnsafeGetFileDataBuffer("spool/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(data)
}

// TestNewerFormat is left untouched.
func TestNewerFormat(t *testing.T) {
	im := newImage(t, true)
	last := im.blocks[len(im.blocks)-1].file
	data := getFile(t, im.disk, last)
	for _, at := range []int{0, pageSize} {
		little.PutUint32(data[at+8:], formatVersion+1)
		twice(data[at : at+pageSize : at+pageSize])
	}
	fs := im.clone()
	putFile(t, fs, last, data)
	if err := Check(options(fs)); !errors.Is(err, homing.ErrNewer) {
		t.Errorf("Check: %v", err)
	}
	if err := errors.Join(Check(options(im.disk)), Check(options(vfs.NewMem()))); err != nil {
		t.Errorf("Check of what is well: %v", err)
	}
	if _, err := Open(options(fs)); !errors.Is(err, homing.ErrNewer) {
		t.Errorf("Open: %v", err)
	}
	if got := getFile(t, fs, last); !bytes.Equal(got, data) {
		t.Error("the newer file was changed")
	}
}

// TestForgedBlock appends a picture of a block, with a good checksum, but of a
// guessed generation, as data that does not compress; then a header is damaged
// so that the reader has to look for the next block.
func TestForgedBlock(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := mustOpen(t, options(fs))
	for i := range 5 {
		if _, err := s.Append(spool.KindClick, at, pictureOfBlock(i)); err != nil {
			t.Fatal(err)
		}
	}
	list := places(t, s)
	cut := fs.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	for _, disk := range []*vfs.MemFS{cut, fs} {
		if data := getFile(t, disk, list[2].file); !holdsPicture(data[list[2].off:]) {
			t.Fatal("the picture does not lie where a block could begin")
		}
		for bit := range 3 { // beyond mending
			flip(t, disk, "spool/"+list[2].file, list[2].off+20, bit)
		}
		s := mustOpen(t, options(disk))
		got := readAll(t, s)
		if len(got) != 4 || got[2] != nil {
			t.Errorf("%d records, third %q", len(got), got[2])
		}
		if d := s.Damage(); len(d) != 1 || d[0].First != 2 || d[0].Next != 3 {
			t.Errorf("damage %+v", d)
		}
		mustClose(t, s)
	}
}

// pictureOfBlock is noise with a good header where a block may begin, if it is
// the first record of a block.
func pictureOfBlock(seed int) []byte {
	noise := getNoise(seed)
	h := blockHeader{
		generation: little.Uint64(noise), index: little.Uint32(noise[32:]), count: 0x3123,
		first: spool.Position(little.Uint64(noise[40:]) / 2), minAt: homing.Millis(little.Uint64(noise[8:])),
		maxAt: homing.Millis(little.Uint64(noise[16:])), plain: 0xe1234, stored: 0xe1234, bodyCRC: little.Uint32(noise[24:]), kinds: 2,
	}
	before := headerSize - len(appendRecord(nil, 0, spool.KindClick, at, noise)) + len(noise)
	h.put(noise[before:])
	return noise
}

func holdsPicture(block []byte) bool {
	h, _ := parseBlockHeader(block)
	forged, ok := parseBlockHeader(block[2*headerSize:])
	return h.flags&flagZstd == 0 && ok && forged.generation != h.generation
}

// TestLastBlockBeyondMending damages the last header of an open spool, so that
// nobody can tell how many records the block had. Their positions must not be
// given out again.
func TestLastBlockBeyondMending(t *testing.T) {
	im := newImage(t, false)
	last := im.blocks[len(im.blocks)-1]
	fs := im.clone()
	for bit := range 3 {
		flip(t, fs, "spool/"+last.file, last.off+20, bit)
	}
	s := mustOpen(t, options(fs))
	if end := spool.Position(len(im.acked)); s.Durable() < end {
		t.Errorf("goes on at %s, %s were acknowledged", s.Durable(), end)
	}
	if d := s.Damage(); len(d) != 1 || d[0].First != last.first {
		t.Errorf("damage %+v", d)
	}
	if _, err := fs.Stat("spool/" + last.file + damagedSuffix); err != nil {
		t.Errorf("the damaged file was not kept: %v", err)
	}
	for range 200 {
		if _, err := s.Append(spool.KindClick, at, getNoise(1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Trim(s.Durable()); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat("spool/" + last.file + damagedSuffix); err == nil {
		t.Error("the damaged file outlives its segment")
	}
	if d := s.Damage(); len(d) > 0 {
		t.Errorf("damage of trimmed files: %+v", d)
	}
	mustClose(t, s)
}

// TestLastBlockBeforeMuchRoom damages the last body of an open spool behind which
// lies more room than is read at once, as in every file of the usual size.
func TestLastBlockBeforeMuchRoom(t *testing.T) {
	disk := vfs.NewCrashableMem()
	opts := options(disk)
	opts.SegmentSize = 4 * windowSize
	s := mustOpen(t, opts)
	for i := range 3 {
		if _, err := s.Append(spool.KindClick, at, getNoise(i)); err != nil {
			t.Fatal(err)
		}
	}
	blocks, crashed := places(t, s), disk.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	last := blocks[len(blocks)-1]
	flip(t, crashed, "spool/"+last.file, last.off+headerSize+last.stored/2, 3)
	opts.FS = crashed
	s = mustOpen(t, opts)
	defer mustClose(t, s)
	if d := s.Damage(); len(d) != 1 || d[0].First != last.first || d[0].Next != last.next {
		t.Errorf("damage %+v, want that of the last block", d)
	}
	if s.Durable() != last.next {
		t.Errorf("goes on at %s, %s was acknowledged", s.Durable(), last.next)
	}
}

// TestZerosByNature damages a last block whose body has a whole sector of zeros
// that were written: they must not make it look torn.
func TestZerosByNature(t *testing.T) {
	data := append(append(getNoise(1), make([]byte, 2*sectorSize)...), getNoise(2)...)
	body := appendRecord(nil, 0, spool.KindClick, at, data)
	fs := vfs.NewCrashableMem()
	putFile(t, fs, fileName(0), nil)
	f, err := fs.OpenReadWrite("spool/"+fileName(0), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWriter(f, "", header{generation: 5, room: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	h := blockHeader{count: 1, minAt: at, maxAt: at, kinds: 2, plain: uint32(len(body)), stored: uint32(len(body)),
		bodyCRC: crc32.Checksum(body, castagnoli)}
	if err := w.write(h, pad(append(make([]byte, headerSize), body...))); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 1000), 1<<16-1000); err != nil {
		t.Fatal(err)
	}
	flip(t, fs, "spool/"+fileName(0), blocksAt+headerSize+50, 1)
	s := mustOpen(t, options(fs))
	defer mustClose(t, s)
	if d := s.Damage(); len(d) != 1 || d[0].First != 0 || d[0].Next != 1 {
		t.Errorf("damage %+v", d)
	}
	if s.Durable() != 1 {
		t.Errorf("goes on at %s", s.Durable())
	}
}

// TestEverySegmentIsSealed after a clean end.
func TestEverySegmentIsSealed(t *testing.T) {
	im := newImage(t, true)
	names, _ := segmentFiles(t, im.disk)
	if len(names) < 3 {
		t.Fatalf("only %d segments", len(names))
	}
	for _, name := range names {
		if _, err := decodeSeal(getFile(t, im.disk, name)[sealAt:]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func getNoise(seed int) []byte {
	noise := make([]byte, 600)
	for i, x := 0, uint64(seed)+88172645463325252; i < len(noise); i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		noise[i] = byte(x)
	}
	return noise
}

// TestCutSegments cuts a sealed segment at many lengths, and takes one away:
// what is missing is named, what is left is read.
func TestCutSegments(t *testing.T) {
	im := newImage(t, true)
	names, _ := segmentFiles(t, im.disk)
	for _, name := range names {
		data := getFile(t, im.disk, name)
		for _, length := range []int{0, 100, pageSize, sealAt, blocksAt, blocksAt + 10, blocksAt + 1000, len(data) / 2, len(data) - 20000} {
			if length < 0 || length > len(data) {
				continue
			}
			fs := im.clone()
			putFile(t, fs, name, data[:length])
			im.checkLoss(t, fs, fmt.Sprintf("%s cut to %d bytes", name, length), name == names[len(names)-1])
		}
	}
	for _, name := range names[1 : len(names)-1] {
		fs := im.clone()
		if err := fs.Remove("spool/" + name); err != nil {
			t.Fatal(err)
		}
		im.checkLoss(t, fs, name+" taken away", false)
	}
}

// checkLoss opens a disk on which one file has suffered. Of a last segment that
// was cut before its seal, nobody can know how many records it had.
func (im image) checkLoss(t *testing.T, fs vfs.FS, what string, last bool) {
	t.Helper()
	s, err := Open(options(fs))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer mustClose(t, s)
	got := readAll(t, s)
	if err := s.Verify(t.Context(), nil); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for p, data := range im.acked {
		if got[p] != nil && !bytes.Equal(got[p], data) {
			t.Fatalf("%s: record %s changed", what, p)
		}
		if got[p] == nil && !named(s.Damage(), p) && !last {
			t.Fatalf("%s: record %s lost in silence\n%+v", what, p, s.Damage())
		}
	}
	if last && len(s.Damage()) == 0 && len(got) < len(im.acked) {
		t.Fatalf("%s: lost in silence", what)
	}
}

// TestAppendAllocatesNothing in the steady state.
func TestAppendAllocatesNothing(t *testing.T) {
	opts := options(vfs.NewMem())
	opts.SegmentSize = 8 << 20
	s := mustOpen(t, opts)
	defer mustClose(t, s)
	data := make([]byte, 200)
	appendOne := func() {
		if _, err := s.Append(spool.KindClick, at, data); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		appendOne()
	}
	if n := testing.AllocsPerRun(2000, appendOne); n >= 1 {
		t.Errorf("%v allocations per Append", n)
	}
}
