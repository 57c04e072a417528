package wire

import (
	"encoding/binary"
	"math"
)

// Ints is a column of whole numbers as it was sent: each is Base plus an
// unsigned number of Width bytes (0: all are Base). A column of one value costs
// nothing a row, a moment within an hour 4 bytes.
type Ints struct {
	Base, Max int64 // smallest and largest
	Width     int   // 0, 1, 2, 4 or 8 bytes
	Raw       []byte
}

// At is the i-th number.
func (c *Ints) At(i int) int64 {
	switch c.Width {
	case 0:
		return c.Base
	case 1:
		return c.Base + int64(c.Raw[i])
	case 2:
		return c.Base + int64(binary.LittleEndian.Uint16(c.Raw[2*i:]))
	case 4:
		return c.Base + int64(binary.LittleEndian.Uint32(c.Raw[4*i:]))
	default:
		return c.Base + int64(binary.LittleEndian.Uint64(c.Raw[8*i:]))
	}
}

// PutInts appends a column of whole numbers.
func (b *Body) PutInts(v []int64) {
	var low, high int64
	if len(v) > 0 {
		low, high = v[0], v[0]
	}
	for _, n := range v {
		low, high = min(low, n), max(high, n)
	}
	width := widthOf(uint64(high) - uint64(low)) // wraps to the right distance
	b.PutInt(low)
	b.PutInt(high)
	b.PutByte(byte(width))
	raw := b.room(width * len(v))
	switch width {
	case 1:
		for i, n := range v {
			raw[i] = byte(n - low)
		}
	case 2:
		for i, n := range v {
			binary.LittleEndian.PutUint16(raw[2*i:], uint16(n-low))
		}
	case 4:
		for i, n := range v {
			binary.LittleEndian.PutUint32(raw[4*i:], uint32(n-low))
		}
	case 8:
		for i, n := range v {
			binary.LittleEndian.PutUint64(raw[8*i:], uint64(n)-uint64(low))
		}
	}
}

func widthOf(distance uint64) int {
	switch {
	case distance == 0:
		return 0
	case distance <= math.MaxUint8:
		return 1
	case distance <= math.MaxUint16:
		return 2
	case distance <= math.MaxUint32:
		return 4
	}
	return 8
}

// Ints reads a column of n whole numbers.
func (r *Reader) Ints(n int) Ints {
	c := Ints{Base: r.Int(), Max: r.Int(), Width: r.width()}
	c.Raw = r.take(c.Width * n)
	return c
}

func (r *Reader) width() int {
	w := int(r.Byte())
	switch w {
	case 0, 1, 2, 4, 8:
		return w
	}
	r.broken = true
	return 0
}

// Texts is a column of texts as it was sent: their lengths, and all of them in
// one piece. The lengths add up to the piece.
type Texts struct {
	Width int // of a length: 0 (all are empty), 1, 2 or 4 bytes
	Raw   []byte
	Data  []byte
}

// Length is how long the i-th text is.
func (c *Texts) Length(i int) int {
	switch c.Width {
	case 0:
		return 0
	case 1:
		return int(c.Raw[i])
	case 2:
		return int(binary.LittleEndian.Uint16(c.Raw[2*i:]))
	default:
		return int(binary.LittleEndian.Uint32(c.Raw[4*i:]))
	}
}

// PutTexts appends the texts whose ends these are; the first begins at from in
// data. It answers false, and the body is lost, if the ends are not ascending
// or leave data.
func (b *Body) PutTexts(data []byte, from uint32, ends []uint32) bool {
	longest, at := uint32(0), from
	for _, end := range ends {
		if end < at {
			return false
		}
		longest = max(longest, end-at)
		at = end
	}
	if uint64(at) > uint64(len(data)) {
		return false
	}
	width := widthOf(uint64(longest))
	b.PutByte(byte(width))
	raw, last := b.room(width*len(ends)), from
	switch width {
	case 1:
		for i, end := range ends {
			raw[i] = byte(end - last)
			last = end
		}
	case 2:
		for i, end := range ends {
			binary.LittleEndian.PutUint16(raw[2*i:], uint16(end-last))
			last = end
		}
	case 4:
		for i, end := range ends {
			binary.LittleEndian.PutUint32(raw[4*i:], end-last)
			last = end
		}
	}
	b.PutBytes(data[from:at])
	return true
}

// Texts reads a column of n texts.
func (r *Reader) Texts(n int) Texts {
	c := Texts{Width: r.width()}
	if c.Width == 8 {
		r.broken, c.Width = true, 0
	}
	c.Raw = r.take(c.Width * n)
	c.Data = r.Bytes()
	if r.broken {
		return Texts{}
	}
	sum := 0
	for i := range n {
		sum += c.Length(i)
	}
	if sum != len(c.Data) {
		r.broken = true
		return Texts{}
	}
	return c
}

// PutMask appends the numbers that are set in a mask of n; nothing if none is.
func (b *Body) PutMask(set []uint64, n int) {
	any := uint64(0)
	for _, word := range set {
		any |= word
	}
	if any == 0 {
		b.PutUint(0)
		return
	}
	words := (n + 63) / 64
	b.PutUint(uint32(8 * words))
	for _, word := range set[:words] {
		b.PutInt(int64(word))
	}
}

// Mask tells of each row of a column whether something holds.
type Mask []byte

// At tells whether it holds of the i-th.
func (m Mask) At(i int) bool { return len(m) > 0 && m[i/8]&(1<<(i%8)) != 0 }

// Mask reads a mask of n.
func (r *Reader) Mask(n int) Mask {
	m := r.Bytes()
	if len(m) != 0 && 8*len(m) < n {
		r.broken = true
		return nil
	}
	return m
}

// room appends n bytes and returns them, to be filled.
func (b *Body) room(n int) []byte {
	at := len(b.raw)
	if cap(b.raw)-at < n {
		grown := make([]byte, at, max(2*cap(b.raw), at+n))
		copy(grown, b.raw)
		b.raw = grown
	}
	b.raw = b.raw[:at+n]
	return b.raw[at:]
}
