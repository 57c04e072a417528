package segment

import (
	"bytes"
	"crypto/rand"
	mathrand "math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/spool"
)

// packed makes the block of some records, as the committer does.
func packed(t testing.TB, data ...[]byte) (blockHeader, []byte) {
	t.Helper()
	var b batch
	b.reset()
	for i, d := range data {
		b.add(spool.Kind(1+i%7), at+homing.Millis(i*i), d)
	}
	h, block := newPacker().pack(b.header(42), b.body)
	h.generation, h.index = 7, 3
	h.put(block)
	return h, block
}

// unpack reads a block as readers do.
func unpack(block []byte) (blockHeader, []spool.Record, error) {
	h, ok := parseBlockHeader(block)
	if !ok || len(block) < headerSize+int(h.stored) {
		return h, nil, homing.ErrDamaged
	}
	plain, err := h.expand(nil, block[headerSize:headerSize+int(h.stored)], newDecoder())
	if err != nil {
		return h, nil, err
	}
	records, err := decodeBody(nil, plain, h.first, int(h.count))
	return h, records, err
}

func TestBlockRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 500), 1, 50).Draw(rt, "data")
		h, block := packed(t, want...)
		got, records, err := unpack(block)
		if err != nil {
			rt.Fatal(err)
		}
		if got != h {
			rt.Fatalf("header %+v, want %+v", got, h)
		}
		if len(block)%blockAlign != 0 || int64(len(block)) != h.size() {
			rt.Fatalf("block of %d bytes, header says %d", len(block), h.size())
		}
		for i, r := range records {
			if r.Position != 42+spool.Position(i) || r.Kind != spool.Kind(1+i%7) ||
				r.At != at+homing.Millis(i*i) || !bytes.Equal(r.Data, want[i]) {
				rt.Fatalf("record %d is %+v", i, r)
			}
		}
		if h.minAt != at || h.maxAt != records[len(records)-1].At {
			rt.Fatalf("from %s to %s", h.minAt, h.maxAt)
		}
	})
}

func TestIncompressibleBodyIsStoredPlain(t *testing.T) {
	data := make([]byte, 1000)
	rand.Read(data)
	if h, _ := packed(t, data); h.flags&flagZstd != 0 || h.stored != h.plain {
		t.Errorf("flags %d, %d bytes stored of %d", h.flags, h.stored, h.plain)
	}
	if h, _ := packed(t, make([]byte, 1000)); h.flags&flagZstd == 0 || h.stored > 100 {
		t.Errorf("flags %d, %d bytes stored of %d", h.flags, h.stored, h.plain)
	}
}

// TestMendOneBit turns every bit of a header, and every pair within a word.
func TestMendOneBit(t *testing.T) {
	h, block := packed(t, []byte("a"), []byte("b"))
	for bit := range 8 * headerSize {
		bad := bytes.Clone(block[:headerSize])
		bad[bit/8] ^= 1 << (bit % 8)
		if _, ok := parseBlockHeader(bad); ok {
			t.Fatalf("bit %d is not noticed", bit)
		}
		if got, ok := mendBlockHeader(bad); !ok || got != h {
			t.Fatalf("bit %d is not mended: %+v", bit, got)
		}
		other := (bit + 1 + bit%31) % (8 * headerSize)
		bad[other/8] ^= 1 << (other % 8)
		if got, ok := mendBlockHeader(bad); ok {
			t.Fatalf("bits %d and %d are mended to %+v", bit, other, got)
		}
	}
}

// TestHollow knows the sectors.
func TestHollow(t *testing.T) {
	ones := bytes.Repeat([]byte{1}, 3000)
	for _, c := range []struct {
		off      int64
		from, to int // zeros in the body
		want     bool
	}{
		{0, 0, 0, false},
		{0, 0, 448, false}, // beside the header, they came together
		{0, 0, 959, false}, // one byte of the second sector is there
		{0, 0, 960, true},
		{0, 448, 960, true},
		{0, 449, 961, false},
		{64, 384, 896, true},
		{0, 2496, 3000, true}, // the last piece is short
		{0, 2497, 3000, false},
	} {
		body := bytes.Clone(ones)
		clear(body[c.from:c.to])
		if got := hollow(c.off, body); got != c.want {
			t.Errorf("block at %d, zeros from %d to %d: %v", c.off, c.from, c.to, got)
		}
	}
}

// FuzzBlock gives the reader arbitrary bytes, with a good checksum half of the
// time, so that what lies behind it is reached.
func FuzzBlock(f *testing.F) {
	_, good := packed(f, []byte("first"), bytes.Repeat([]byte("second "), 200))
	f.Add(good, false)
	f.Add(good, true)
	_, small := packed(f, []byte("x"))
	f.Add(small, true)
	dec := newDecoder()
	f.Fuzz(func(t *testing.T, block []byte, sign bool) {
		block = bytes.Clone(block) // it must not be changed
		if sign && len(block) >= headerSize {
			h := blockHeader{generation: 1, count: little.Uint32(block[20:]), first: 1, plain: little.Uint32(block[48:]) % (1 << 16),
				stored: uint32(len(block) - headerSize), flags: block[61]}
			if h.flags&flagZstd == 0 {
				h.plain = h.stored
			}
			h.put(block)
		}
		h, ok := parseBlockHeader(block)
		mendBlockHeader(block)
		if !ok || len(block) < headerSize+int(h.stored) {
			return
		}
		plain, err := h.expand(nil, block[headerSize:headerSize+int(h.stored)], dec)
		if err != nil {
			return
		}
		if len(plain) != int(h.plain) || cap(plain) > 2*maxBody {
			t.Fatalf("%d bytes, room for %d, of a body of %d", len(plain), cap(plain), h.plain)
		}
		records, err := decodeBody(nil, plain, h.first, int(h.count))
		if err == nil && len(records) != int(h.count) {
			t.Fatalf("%d records of %d", len(records), h.count)
		}
	})
}

// FuzzPages gives arbitrary pages to the readers of header and seal.
func FuzzPages(f *testing.F) {
	f.Add(header{generation: 1, first: 2, created: 3}.encode())
	f.Add(seal{generation: 1, first: 2, next: 3, end: blocksAt}.encode())
	f.Fuzz(func(t *testing.T, page []byte) {
		_, _ = decodeHeader(page)
		_, _ = decodeSeal(page)
		p, err := readPages(bytes.NewReader(page), &segment{name: "x"})
		_, _ = p, err
	})
}

// TestFileNames sorts like positions.
func TestFileNames(t *testing.T) {
	for range 100 {
		p := spool.Position(mathrand.Uint64() >> mathrand.IntN(64))
		if got, ok := parseFileName(fileName(p)); !ok || got != p {
			t.Errorf("%s becomes %s", p, got)
		}
	}
	for _, name := range []string{"", "1.seg", "00000000000000000001.tmp", "99999999999999999999.seg", "-0000000000000000001.seg", "+0000000000000000001.seg"} {
		if p, ok := parseFileName(name); ok {
			t.Errorf("%q is taken for the segment of %s", name, p)
		}
	}
}
