package postgres

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Numbers of types, which every server that speaks the protocol shares.
const (
	oidBytea     = 17
	oidInt8      = 20
	oidText      = 25
	oidByteaList = 1001
	oidInt8List  = 1016
	oidTextList  = 1009
)

// column is one parameter of a statement about many claims: an array, in the
// protocol's binary form, made in a buffer that is used again. The driver's own
// encoding boxes every element, which cost more than all the rest of a claim.
//
//	dimensions 1, has nulls, type, length, first index 1; then each: length, bytes
//
// (big-endian words of 4 bytes; a length of -1 is NULL).
type column struct {
	buf   []byte
	count uint32
	nulls uint32
}

const columnHeader = 20

func (c *column) begin(element uint32) {
	c.count, c.nulls = 0, 0
	c.buf = append(c.buf[:0], make([]byte, columnHeader)...)
	binary.BigEndian.PutUint32(c.buf[0:], 1)
	binary.BigEndian.PutUint32(c.buf[8:], element)
	binary.BigEndian.PutUint32(c.buf[16:], 1)
}

func (c *column) integer(v int64) {
	c.count++
	c.buf = binary.BigEndian.AppendUint32(c.buf, 8)
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(v))
}

func (c *column) null() {
	c.count++
	c.nulls = 1
	c.buf = binary.BigEndian.AppendUint32(c.buf, 1<<32-1)
}

func (c *column) bytes(b []byte) {
	c.count++
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(b)))
	c.buf = append(c.buf, b...)
}

func (c *column) text(s string) {
	s = storable(s)
	c.count++
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(s)))
	c.buf = append(c.buf, s...)
}

// end returns the array, which stands until begin.
func (c *column) end() []byte {
	binary.BigEndian.PutUint32(c.buf[4:], c.nulls)
	binary.BigEndian.PutUint32(c.buf[12:], c.count)
	return c.buf
}

// storable is a text as the server takes it: it refuses NUL and what is not
// UTF-8, and a claim must not fail, with its neighbours, for a browser's name.
func storable(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
