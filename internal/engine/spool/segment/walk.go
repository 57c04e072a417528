package segment

import (
	"hash/crc32"
	"io"

	"homing/internal/engine/spool"
)

// walker goes from block to block through one segment. What it cannot read it
// passes over and tells found. It never trusts a length that no checksum
// vouches for.
type walker struct {
	file       io.ReaderAt
	name       string
	generation uint64
	found      func(spool.Damage)

	off  int64          // where the next block should begin
	next spool.Position // the position it should begin with
	win  window

	losses int // how many times records were found to be lost
}

func newWalker(file io.ReaderAt, g *segment, generation uint64, found func(spool.Damage)) *walker {
	w := &walker{file: file, name: g.name, generation: generation, found: found, off: blocksAt, next: g.first}
	w.win.file = file
	return w
}

// block returns the next block's header, of those that begin below bound and lie
// before limit. All records below bound are supposed to lie there. It returns
// false when there is no more; then w.next is bound.
//
// It stays at the block until pass is called.
func (w *walker) block(bound spool.Position, limit int64) (h blockHeader, ok bool) {
	if w.next >= bound {
		return h, false
	}
	h, ok = w.headerAt(limit)
	if !ok {
		return w.resync(bound, limit)
	}
	if h.first >= bound {
		w.lost(0, bound, "lost before the segment was recovered")
		return h, false
	}
	if h.first > w.next {
		w.lost(0, h.first, "lost before the segment was recovered")
	}
	return h, true
}

// headerAt reads the header where it is expected, and mends it if need be.
func (w *walker) headerAt(limit int64) (h blockHeader, ok bool) {
	raw := w.win.bytes(w.off, headerSize, limit)
	if h, ok = parseBlockHeader(raw); ok {
		return h, w.fits(&h)
	}
	if h, ok = mendBlockHeader(raw); ok && w.fits(&h) {
		w.found(spool.Damage{File: w.name, Offset: w.off, Bytes: headerSize, First: h.first, Next: h.first,
			Cause: "block header had one bad bit; nothing lost"})
		return h, true
	}
	return h, false
}

// fits tells whether a header may be of the next block, or of one behind it.
func (w *walker) fits(h *blockHeader) bool {
	return h.generation == w.generation && h.first >= w.next
}

// seek finds the next good header behind an offset.
func (w *walker) seek(off, limit int64) (at int64, h blockHeader, ok bool) {
	for at = off; at+headerSize <= limit; at += blockAlign {
		raw := w.win.bytes(at, headerSize, limit)
		if len(raw) < headerSize || [4]byte(raw) != blockMagic {
			continue
		}
		if h, ok := parseBlockHeader(raw); ok && w.fits(&h) {
			return at, h, true
		}
	}
	return limit, h, false
}

// resync passes over a header that is beyond mending.
func (w *walker) resync(bound spool.Position, limit int64) (h blockHeader, ok bool) {
	cause := "block header checksum"
	if len(w.win.bytes(w.off, headerSize, limit)) < headerSize {
		cause = "cut short"
	}
	at, h, ok := w.seek(w.off+blockAlign, limit)
	if !ok || h.first >= bound {
		w.lost(max(limit-w.off, 0), bound, cause)
		w.off = max(w.off, limit)
		return h, false
	}
	w.lost(at-w.off, h.first, cause)
	w.off = at
	return h, true
}

// body reads the stored body of the block the walker stands at. If it is
// damaged, that is told, and ok is false. The bytes are good until the next
// call of any method.
func (w *walker) body(h *blockHeader, limit int64) (stored []byte, ok bool) {
	stored, cause := w.checkBody(h, limit)
	if cause != "" {
		w.badBlock(h, cause)
		return nil, false
	}
	return stored, true
}

// checkBody is body without telling; cause is empty if the body is good.
func (w *walker) checkBody(h *blockHeader, limit int64) (stored []byte, cause string) {
	stored = w.win.bytes(w.off+headerSize, int(h.stored), limit)
	if len(stored) < int(h.stored) {
		return stored, "cut short"
	}
	if crc32.Checksum(stored, castagnoli) != h.bodyCRC {
		return stored, "block body checksum"
	}
	return stored, ""
}

// badBlock tells that the block the walker stands at is lost.
func (w *walker) badBlock(h *blockHeader, cause string) {
	w.losses++
	w.found(spool.Damage{File: w.name, Offset: w.off, Bytes: h.size(), First: h.first, Next: h.next(), Cause: cause})
}

// lost tells that the records from w.next on are lost, and goes on behind them.
func (w *walker) lost(bytes int64, next spool.Position, cause string) {
	w.losses++
	w.found(spool.Damage{File: w.name, Offset: w.off, Bytes: bytes, First: w.next, Next: next, Cause: cause})
	w.next = next
}

// pass goes behind a block.
func (w *walker) pass(h *blockHeader) {
	w.off += h.size()
	w.next = h.next()
}

// windowSize is how much of a file is read at once.
const windowSize = 256 << 10

// window is a piece of a file in memory.
type window struct {
	file io.ReaderAt
	buf  []byte
	off  int64 // where buf begins
}

// bytes returns n bytes at off, fewer where the file, or what lies before limit,
// ends or cannot be read. It never keeps what lies behind limit: that may yet
// be written.
func (w *window) bytes(off int64, n int, limit int64) []byte {
	n = int(max(min(int64(n), limit-off), 0))
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		w.fill(off, n, limit)
	}
	from := off - w.off
	return w.buf[from:min(from+int64(n), int64(len(w.buf)))]
}

func (w *window) fill(off int64, n int, limit int64) {
	want := int(min(int64(max(n, windowSize)), limit-off))
	w.off, w.buf = off, w.buf[:0]
	if want <= 0 {
		return
	}
	if cap(w.buf) < want {
		w.buf = make([]byte, want)
	}
	got, err := readFull(w.file, w.buf[:want], off)
	if err != nil && n < want {
		// The bad sector may lie behind what is asked for.
		got, err = readFull(w.file, w.buf[:n], off)
	}
	if err != nil {
		got = 0
	}
	w.buf = w.buf[:got]
}
