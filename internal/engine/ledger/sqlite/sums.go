package sqlite

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// Every page of the file ends in two checksums of what stands before them, and
// of its number, so that a page that was written to the wrong place does not
// verify either:
//
//	┌─────────────── 4088 bytes of SQLite's ───────────────┬─ CRC-32C ─┬─ CRC-32 ─┐
//
// Two, because both are a machine instruction each, and together they are long
// enough to tell which single bit has flipped: of all that both can say together
// one in 2⁴⁹ means a single bit, so that worse damage is not taken for one.
const (
	sumLen   = 8
	summable = pageSize - sumLen
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sums are those of a page by its number, the first of which is 1.
func sums(page []byte, number int64) (c, i uint32) {
	seed := uint32(number)
	return crc32.Update(seed, castagnoli, page[:summable]), crc32.Update(seed, crc32.IEEETable, page[:summable])
}

// seal writes the sums of a page.
func seal(page []byte, number int64) {
	c, i := sums(page, number)
	binary.LittleEndian.PutUint32(page[summable:], c)
	binary.LittleEndian.PutUint32(page[summable+4:], i)
}

// soundness tells what became of a page.
type soundness int

const (
	sound  soundness = iota
	mended           // one bit had flipped, and was turned back
	broken           // more than one
)

// verify compares a page with its sums. A single bit that has flipped, in the
// page or in its sums, is turned back, in page.
func verify(page []byte, number int64) soundness {
	c, i := sums(page, number)
	c ^= binary.LittleEndian.Uint32(page[summable:])
	i ^= binary.LittleEndian.Uint32(page[summable+4:])
	switch {
	case c == 0 && i == 0:
		return sound
	case mend(page, number, c, i):
		return mended
	}
	return broken
}

// mend turns the bit back that makes the sums differ by c and i. What a bit does
// to a CRC depends on nothing but how many bits come behind it: the last one
// turns it by the polynomial, and each before it by one step of the register
// more.
func mend(page []byte, number int64, c, i uint32) bool {
	if c == 0 || i == 0 { // the page is whole, and the bit is one of a sum
		if bits.OnesCount32(c|i) != 1 {
			return false
		}
		seal(page, number)
		return true
	}
	ofC, ofI := uint32(crc32.Castagnoli), uint32(crc32.IEEE)
	for bit := 8*summable - 1; bit >= 0; bit-- {
		if ofC == c && ofI == i {
			page[bit/8] ^= 1 << (bit % 8)
			return true
		}
		ofC, ofI = shifted(ofC, crc32.Castagnoli), shifted(ofI, crc32.IEEE)
	}
	return false
}

// shifted is a register after one more bit, in the reversed order of both CRCs.
func shifted(register, polynomial uint32) uint32 {
	return register>>1 ^ polynomial&-(register&1)
}
