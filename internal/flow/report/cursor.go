package report

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
)

// A cursor is where a page ended, as URL-safe text:
//
//	version u8 | table u8 | order u8 | from | until | time | number (8 bytes each) | print u32 | CRC-32C u32
//
// It holds the range, so that "the last 7 days" stay the same from page to page,
// and a print of the other parameters, so that it is not taken for a cursor of
// another list. It is not signed because it permits nothing: the scope narrows
// every page, and any place may be asked for.
const (
	cursorVersion = 1
	cursorLen     = 3 + 4*8 + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (q *ListQuestion) cursor(after warehouse.Cursor) string {
	b := []byte{cursorVersion, byte(q.Table), orderByte(q.Oldest)}
	for _, n := range []int64{int64(q.From), int64(q.Until), int64(after.At), after.Number} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = binary.BigEndian.AppendUint32(b, q.print)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return base64.RawURLEncoding.EncodeToString(b)
}

func orderByte(oldest bool) byte {
	if oldest {
		return 1
	}
	return 0
}

// goOn takes range and place from a cursor, if it is one of this list.
func (q *ListQuestion) goOn(text string) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != cursorLen || b[0] != cursorVersion || b[1] != byte(q.Table) || b[2] != orderByte(q.Oldest) {
		return false
	}
	sum := len(b) - 4
	if binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) || binary.BigEndian.Uint32(b[sum-4:]) != q.print {
		return false
	}
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[3+8*i:])) }
	q.From, q.Until = homing.Millis(number(0)), homing.Millis(number(1))
	q.After = &warehouse.Cursor{At: homing.Millis(number(2)), Number: number(3)}
	return q.From < q.Until
}

// printOf tells parameters apart that make lists of other rows or another order.
func printOf(values map[string][]string) uint32 {
	h := crc32.New(castagnoli)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == "cursor" || name == "limit" {
			continue
		}
		for _, text := range values[name] {
			if text != "" {
				h.Write([]byte(name + "\x00" + text + "\x00"))
			}
		}
	}
	return h.Sum32()
}
