package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"

	"homing"
	"homing/internal/engine/spool"
)

const (
	blockAlign = 64
	headerSize = 64
	// sectorSize is what a disk writes whole or not at all.
	sectorSize = 512

	// fullBody is where a batch takes no more records: one fsync costs the same
	// up to here, and readers hold a block in memory.
	fullBody = 1 << 20
	// maxRecords bounds the records of a block, and so the positions that are
	// given up when a last block is damaged beyond being counted.
	maxRecords = 1 << 15
	// minRecordSize is kind, At and length of a record without data.
	minRecordSize = 3
	// maxRecordSize is the same at its longest, with data.
	maxRecordSize = 1 + 2*binary.MaxVarintLen64 + spool.MaxRecord
	// maxBody bounds what a reader believes.
	maxBody = fullBody + maxRecordSize
)

const (
	flagZstd   = 1 << iota // the body is a zstd frame
	flagHollow             // zeros in the stored body do not prove that it is torn
)

var blockMagic = [4]byte{'h', 'b', 'l', 'k'}

// blockHeader is a block's header.
type blockHeader struct {
	generation   uint64
	index        uint32
	count        uint32
	first        spool.Position
	minAt, maxAt homing.Millis
	plain        uint32 // length of the body
	stored       uint32 // length of the body in the file
	bodyCRC      uint32 // of the body in the file
	kinds        spool.KindSet
	flags        uint8
}

// next is the position behind the block.
func (h *blockHeader) next() spool.Position { return h.first + spool.Position(h.count) }

// size is how much of the file the block takes.
func (h *blockHeader) size() int64 { return alignUp(headerSize + int64(h.stored)) }

func alignUp(n int64) int64 { return (n + blockAlign - 1) &^ (blockAlign - 1) }

// put writes the header to the first 64 bytes of dst.
func (h *blockHeader) put(dst []byte) {
	copy(dst, blockMagic[:])
	little.PutUint64(dst[8:], h.generation)
	little.PutUint32(dst[16:], h.index)
	little.PutUint32(dst[20:], h.count)
	little.PutUint64(dst[24:], uint64(h.first))
	little.PutUint64(dst[32:], uint64(h.minAt))
	little.PutUint64(dst[40:], uint64(h.maxAt))
	little.PutUint32(dst[48:], h.plain)
	little.PutUint32(dst[52:], h.stored)
	little.PutUint32(dst[56:], h.bodyCRC)
	dst[60], dst[61], dst[62], dst[63] = byte(h.kinds), h.flags, 0, 0
	little.PutUint32(dst[4:], crc32.Checksum(dst[8:headerSize], castagnoli))
}

// parseBlockHeader reads a header. What it accepts is bounded: no length or
// count in it makes a reader allocate more than maxBody.
func parseBlockHeader(src []byte) (h blockHeader, ok bool) {
	if len(src) < headerSize || [4]byte(src) != blockMagic ||
		little.Uint32(src[4:]) != crc32.Checksum(src[8:headerSize], castagnoli) {
		return h, false
	}
	h = blockHeader{
		generation: little.Uint64(src[8:]),
		index:      little.Uint32(src[16:]),
		count:      little.Uint32(src[20:]),
		first:      spool.Position(little.Uint64(src[24:])),
		minAt:      homing.Millis(little.Uint64(src[32:])),
		maxAt:      homing.Millis(little.Uint64(src[40:])),
		plain:      little.Uint32(src[48:]),
		stored:     little.Uint32(src[52:]),
		bodyCRC:    little.Uint32(src[56:]),
		kinds:      spool.KindSet(src[60]),
		flags:      src[61],
	}
	return h, h.plausible()
}

func (h *blockHeader) plausible() bool {
	if h.flags&flagZstd == 0 && h.stored != h.plain {
		return false
	}
	return h.plain <= maxBody && h.stored <= h.plain &&
		h.count >= 1 && h.count <= maxRecords && h.count <= h.plain/minRecordSize &&
		h.next() > h.first
}

// mendBlockHeader finds the header that src was before one of its bits was
// turned. CRC-32C tells headers of this length apart at a distance of more than
// four bits, so a mended header is the right one.
func mendBlockHeader(src []byte) (h blockHeader, ok bool) {
	if len(src) < headerSize {
		return h, false
	}
	buf := [headerSize]byte(src)
	for bit := range 8 * headerSize {
		buf[bit/8] ^= 1 << (bit % 8)
		if h, ok := parseBlockHeader(buf[:]); ok {
			return h, true
		}
		buf[bit/8] ^= 1 << (bit % 8)
	}
	return h, false
}

// hollow tells whether a block at off, whose stored body is given, has nothing
// but zeros where a sector's worth of the body lies: what a torn write leaves,
// or, rarely, what was written.
func hollow(off int64, body []byte) bool {
	at := off + headerSize
	for len(body) > 0 {
		n := min(int64(len(body)), sectorSize-at%sectorSize)
		// The piece beside the header came with it, or the header would be
		// missing too.
		if at/sectorSize != off/sectorSize && isZero(body[:n]) {
			return true
		}
		body, at = body[n:], at+n
	}
	return false
}

// appendRecord appends a record to a body. last is the At of the record before.
func appendRecord(body []byte, last homing.Millis, kind spool.Kind, at homing.Millis, data []byte) []byte {
	body = append(body, byte(kind))
	body = binary.AppendVarint(body, int64(at-last))
	body = binary.AppendUvarint(body, uint64(len(data)))
	return append(body, data...)
}

// decodeBody takes a body of count records apart. Their data points into it.
func decodeBody(dst []spool.Record, body []byte, first spool.Position, count int) ([]spool.Record, error) {
	var at homing.Millis
	for i := range count {
		if len(body) < minRecordSize {
			return dst, fmt.Errorf("body ends before record %d: %w", i, homing.ErrDamaged)
		}
		kind := spool.Kind(body[0])
		delta, n := binary.Varint(body[1:])
		if n <= 0 {
			return dst, fmt.Errorf("time of record %d: %w", i, homing.ErrDamaged)
		}
		body = body[1+n:]
		length, n := binary.Uvarint(body)
		if n <= 0 || length > uint64(len(body)-n) {
			return dst, fmt.Errorf("length of record %d: %w", i, homing.ErrDamaged)
		}
		at += homing.Millis(delta)
		end := n + int(length)
		dst = append(dst, spool.Record{Position: first + spool.Position(i), Kind: kind, At: at, Data: body[n:end:end]})
		body = body[end:]
	}
	if len(body) > 0 {
		return dst, fmt.Errorf("%d bytes behind the last record: %w", len(body), homing.ErrDamaged)
	}
	return dst, nil
}

// expand returns the plain body of a block, in buf if it has to be unpacked.
func (h *blockHeader) expand(buf, stored []byte, dec *zstd.Decoder) ([]byte, error) {
	if h.flags&flagZstd == 0 {
		return stored, nil
	}
	if cap(buf) < int(h.plain) {
		buf = make([]byte, 0, h.plain)
	}
	// The decoder stops at the capacity given; what it
	// returns is checked against what the header says.
	plain, err := dec.DecodeAll(stored, buf[:0])
	if err != nil {
		return buf, fmt.Errorf("couldn't unpack body: %w: %v", homing.ErrDamaged, err)
	}
	if len(plain) != int(h.plain) {
		return buf, fmt.Errorf("body is %d bytes long, not %d: %w", len(plain), h.plain, homing.ErrDamaged)
	}
	return plain, nil
}

func newDecoder() *zstd.Decoder {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxBody), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return dec
}

func newEncoder() *zstd.Encoder {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return enc
}
