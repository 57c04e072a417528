package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"homing"
	"homing/internal/engine/spool"
)

// The layout of a file; the package comment draws it.
const (
	formatVersion = 1

	pageSize  = 4096
	sealAt    = 2 * pageSize
	blocksAt  = 4 * pageSize
	pageCRCAt = pageSize - 4
)

var (
	headerMagic = [8]byte{'h', 'o', 'm', 'i', 'n', 'g', 0x1a, 'H'}
	sealMagic   = [8]byte{'h', 'o', 'm', 'i', 'n', 'g', 0x1a, 'S'}

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	little     = binary.LittleEndian
)

const (
	segmentSuffix = ".seg"
	tmpSuffix     = ".tmp"
	damagedSuffix = ".damaged" // behind segmentSuffix
)

// fileName names the segment that begins at a position; names sort like
// positions.
func fileName(first spool.Position) string {
	return fmt.Sprintf("%020d", uint64(first)) + segmentSuffix
}

// parseFileName is the inverse of fileName. Other files are none of ours.
func parseFileName(name string) (spool.Position, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return spool.Position(n), err == nil
}

// header is what a segment says of itself from its beginning.
type header struct {
	generation uint64
	first      spool.Position
	created    homing.Millis
	room       int64 // how long the file is made; until it is sealed it is no shorter
}

// encode returns both copies of the header page.
func (h header) encode() []byte {
	page := make([]byte, pageSize, 2*pageSize)
	copy(page, headerMagic[:])
	little.PutUint32(page[8:], formatVersion)
	little.PutUint64(page[16:], h.generation)
	little.PutUint64(page[24:], uint64(h.first))
	little.PutUint64(page[32:], uint64(h.created))
	little.PutUint64(page[40:], uint64(h.room))
	return twice(page)
}

// decodeHeader reads one copy. A page of a newer version is ErrNewer, anything
// else that is no header is ErrDamaged.
func decodeHeader(page []byte) (h header, err error) {
	if err := checkPage(page, headerMagic); err != nil {
		return h, err
	}
	h.generation = little.Uint64(page[16:])
	h.first = spool.Position(little.Uint64(page[24:]))
	h.created = homing.Millis(little.Uint64(page[32:]))
	h.room = int64(little.Uint64(page[40:]))
	return h, nil
}

// seal says where a segment ends and what it holds.
type seal struct {
	generation   uint64
	first, next  spool.Position
	end          int64 // behind the last block
	blocks       uint32
	kinds        spool.KindSet
	minAt, maxAt homing.Millis
}

// encode returns both copies of the seal page.
func (s seal) encode() []byte {
	page := make([]byte, pageSize, 2*pageSize)
	copy(page, sealMagic[:])
	little.PutUint32(page[8:], formatVersion)
	little.PutUint64(page[16:], s.generation)
	little.PutUint64(page[24:], uint64(s.first))
	little.PutUint64(page[32:], uint64(s.next))
	little.PutUint64(page[40:], uint64(s.end))
	little.PutUint32(page[48:], s.blocks)
	page[52] = byte(s.kinds)
	little.PutUint64(page[56:], uint64(s.minAt))
	little.PutUint64(page[64:], uint64(s.maxAt))
	return twice(page)
}

// decodeSeal reads one copy.
func decodeSeal(page []byte) (s seal, err error) {
	if err := checkPage(page, sealMagic); err != nil {
		return s, err
	}
	s.generation = little.Uint64(page[16:])
	s.first = spool.Position(little.Uint64(page[24:]))
	s.next = spool.Position(little.Uint64(page[32:]))
	s.end = int64(little.Uint64(page[40:]))
	s.blocks = little.Uint32(page[48:])
	s.kinds = spool.KindSet(page[52])
	s.minAt = homing.Millis(little.Uint64(page[56:]))
	s.maxAt = homing.Millis(little.Uint64(page[64:]))
	return s, nil
}

// twice finishes a page with its checksum and doubles it: one bad sector must
// not cost a segment.
func twice(page []byte) []byte {
	little.PutUint32(page[pageCRCAt:], crc32.Checksum(page[:pageCRCAt], castagnoli))
	return append(page, page...)
}

func checkPage(page []byte, magic [8]byte) error {
	if len(page) < pageSize || !bytes.Equal(page[:8], magic[:]) ||
		little.Uint32(page[pageCRCAt:]) != crc32.Checksum(page[:pageCRCAt], castagnoli) {
		return homing.ErrDamaged
	}
	if v := little.Uint32(page[8:]); v != formatVersion {
		return fmt.Errorf("segment format %d: %w", v, homing.ErrNewer)
	}
	return nil
}

// isZero tells whether b holds nothing but zeros.
func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
