package segment

import (
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/zstd"

	"homing"
	"homing/internal/engine/spool"
)

// writer fills one segment. It is for one goroutine and does not sync.
type writer struct {
	file vfs.File
	name string // in the directory, for messages
	size int64  // prepared room
	off  int64  // where the next block goes

	seal seal // as it would be now
}

// newWriter writes the header of a segment that begins at a position.
func newWriter(file vfs.File, name string, h header) (*writer, error) {
	w := &writer{file: file, name: name, size: h.room, off: blocksAt}
	w.seal = seal{generation: h.generation, first: h.first, next: h.first, end: blocksAt}
	_, err := file.WriteAt(h.encode(), 0)
	return w, err
}

// fits tells whether a stored body has room. A fresh segment takes any.
func (w *writer) fits(stored int) bool {
	return w.seal.blocks == 0 || w.off+alignUp(headerSize+int64(stored)) <= w.size
}

// write writes a packed block (see pack), and sets in its header what the
// segment knows.
func (w *writer) write(h blockHeader, packed []byte) error {
	body := packed[headerSize : headerSize+int(h.stored)]
	h.generation, h.index = w.seal.generation, w.seal.blocks
	h.flags &^= flagHollow
	if hollow(w.off, body) {
		h.flags |= flagHollow
	}
	h.put(packed)
	if _, err := w.file.WriteAt(packed, w.off); err != nil {
		return err
	}
	w.off += int64(len(packed))
	w.note(&h)
	return nil
}

// note takes a block into the seal.
func (w *writer) note(h *blockHeader) {
	s := &w.seal
	if s.blocks == 0 {
		s.minAt, s.maxAt = h.minAt, h.maxAt
	}
	s.minAt, s.maxAt = min(s.minAt, h.minAt), max(s.maxAt, h.maxAt)
	s.kinds |= h.kinds
	s.blocks++
	s.next, s.end = h.next(), w.off
}

// writeSeal writes the seal. It counts when the file has been synced.
func (w *writer) writeSeal() error {
	_, err := w.file.WriteAt(w.seal.encode(), sealAt)
	return err
}

// giveRoomBack cuts off what was prepared and is not needed. The seal must have
// been synced: a file without one that is short is called damaged.
func (w *writer) giveRoomBack() {
	// vfs.File does not know truncation, the files of the machine do. Where it
	// is missing or fails, zeros stay behind the last block, which is harmless.
	if t, ok := w.file.(interface{ Truncate(int64) error }); ok {
		_ = t.Truncate(w.seal.end)
	}
}

// packer makes blocks of batches, with buffers that it uses again.
type packer struct {
	enc *zstd.Encoder
	buf []byte
}

func newPacker() *packer {
	return &packer{enc: newEncoder(), buf: make([]byte, 0, 64<<10)}
}

// pack compresses a body where that makes it smaller. The block it returns has
// room for the header, which the writer puts there; it is good until the next
// call.
func (p *packer) pack(h blockHeader, body []byte) (blockHeader, []byte) {
	buf := append(p.buf[:0], zeros[:headerSize]...)
	buf = p.enc.EncodeAll(body, buf)
	h.flags = flagZstd
	if len(buf)-headerSize >= len(body) {
		buf = append(buf[:headerSize], body...)
		h.flags = 0
	}
	stored := buf[headerSize:]
	h.stored, h.bodyCRC = uint32(len(stored)), crc32.Checksum(stored, castagnoli)
	buf = pad(buf)
	p.buf = buf
	return h, buf
}

// pad fills a block up with zeros.
func pad(block []byte) []byte {
	return append(block, zeros[:alignUp(int64(len(block)))-int64(len(block))]...)
}

// zeros is what prepared room is made of. It is never written to.
var zeros = make([]byte, 1<<20)

// newHeader draws the header of a new segment.
func (s *Spool) newHeader(first spool.Position, room int64) (header, error) {
	var raw [8]byte
	if _, err := io.ReadFull(s.opts.Random, raw[:]); err != nil {
		return header{}, err
	}
	return header{generation: little.Uint64(raw[:]), first: first, created: homing.MillisOf(s.opts.Clock()), room: room}, nil
}
