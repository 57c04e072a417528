//go:build cgo

package child

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
	"unsafe"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// intRange is what fits a type of whole numbers.
type intRange struct{ low, high int64 }

var intRanges = map[duck.Type]intRange{
	duck.TypeBoolean:     {0, 1},
	duck.TypeTinyInt:     {math.MinInt8, math.MaxInt8},
	duck.TypeSmallInt:    {math.MinInt16, math.MaxInt16},
	duck.TypeInteger:     {math.MinInt32, math.MaxInt32},
	duck.TypeBigInt:      {math.MinInt64, math.MaxInt64},
	duck.TypeUTinyInt:    {0, math.MaxUint8},
	duck.TypeUSmallInt:   {0, math.MaxUint16},
	duck.TypeUInteger:    {0, math.MaxUint32},
	duck.TypeUBigInt:     {0, math.MaxInt64},
	duck.TypeHugeInt:     {math.MinInt64, math.MaxInt64},
	duck.TypeDate:        {math.MinInt32, math.MaxInt32},
	duck.TypeTimestamp:   {math.MinInt64, math.MaxInt64},
	duck.TypeTimestampMS: {math.MinInt64, math.MaxInt64},
}

// misfit says what is wrong with putting the column into one of that type.
// DuckDB would not: it trusts what is in its vectors.
func misfit(c *column, t duck.Type) string {
	if c.kind == wire.Text {
		if t != duck.TypeVarchar && t != duck.TypeBlob {
			return "takes no texts"
		}
		if t == duck.TypeVarchar && !utf8.Valid(c.texts.Data) {
			return "has a text that is not UTF-8"
		}
		return ""
	}
	fit, ok := intRanges[t]
	if !ok {
		return "takes no whole numbers"
	}
	if c.ints.Base < fit.low || c.ints.Max > fit.high {
		return fmt.Sprintf("takes numbers from %d to %d, there are some from %d to %d", fit.low, fit.high, c.ints.Base, c.ints.Max)
	}
	return ""
}

// storeInts writes n numbers into a vector of that type.
func storeInts(memory unsafe.Pointer, t duck.Type, c *wire.Ints, from, n int) {
	switch t {
	case duck.TypeBoolean, duck.TypeTinyInt, duck.TypeUTinyInt:
		store(unsafe.Slice((*uint8)(memory), n), c, from)
	case duck.TypeSmallInt, duck.TypeUSmallInt:
		store(unsafe.Slice((*uint16)(memory), n), c, from)
	case duck.TypeInteger, duck.TypeUInteger, duck.TypeDate:
		store(unsafe.Slice((*uint32)(memory), n), c, from)
	case duck.TypeHugeInt:
		for i, wide := 0, unsafe.Slice((*[2]int64)(memory), n); i < n; i++ {
			v := c.At(from + i)
			wide[i] = [2]int64{v, v >> 63}
		}
	default:
		store(unsafe.Slice((*uint64)(memory), n), c, from)
	}
}

func store[T uint8 | uint16 | uint32 | uint64](to []T, c *wire.Ints, from int) {
	base := T(c.Base)
	switch c.Width {
	case 0:
		for i := range to {
			to[i] = base
		}
	case 1:
		for i, v := range c.Raw[from : from+len(to)] {
			to[i] = base + T(v)
		}
	case 2:
		raw := c.Raw[2*from:]
		for i := range to {
			to[i] = base + T(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case 4:
		raw := c.Raw[4*from:]
		for i := range to {
			to[i] = base + T(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	default:
		raw := c.Raw[8*from:]
		for i := range to {
			to[i] = base + T(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	}
}

// inlined is the longest text that lies in DuckDB's string_t itself:
//
//	length u32  the text, 12 bytes, zeroes behind                up to 12 bytes
//	length u32  its first 4 bytes  pointer to all of it, 8 bytes  beyond
const inlined = 12

// storeTexts writes n texts into a vector. Long ones are pointed at where they
// lie. It answers false if one begins within a character: all of them together
// are known to be UTF-8, so then each is.
func storeTexts(memory unsafe.Pointer, c *column, from, n int) bool {
	to := unsafe.Slice((*[16]byte)(memory), n)
	if c.texts.Width == 0 {
		clear(to)
		return true
	}
	whole, data, at := true, c.texts.Data, c.at
	for i := range to {
		length := c.texts.Length(from + i)
		to[i] = [16]byte{}
		if length == 0 {
			continue
		}
		text := data[at : at+length]
		at += length
		whole = whole && utf8.RuneStart(text[0])
		binary.LittleEndian.PutUint32(to[i][:], uint32(length))
		copy(to[i][4:], text[:min(length, inlined)])
		if length > inlined {
			*(*unsafe.Pointer)(unsafe.Pointer(&to[i][8])) = unsafe.Pointer(&text[0])
		}
	}
	c.at = at
	return whole
}
