package warehouse

import (
	"encoding/binary"

	"homing"
)

// AppendParams writes parameters as engines keep them in one column: the number of
// each, the length and the bytes of its text.
func AppendParams(dst []byte, more []Param) []byte {
	for _, p := range more {
		dst = append(dst, byte(p.Param))
		dst = binary.AppendUvarint(dst, uint64(len(p.Text)))
		dst = append(dst, p.Text...)
	}
	return dst
}

// ReadParams is the inverse of AppendParams; what does not read is left out.
func ReadParams(text string) (more []Param) {
	rest := []byte(text)
	for len(rest) > 1 {
		param := homing.Param(rest[0])
		size, n := binary.Uvarint(rest[1:])
		if n <= 0 || size > uint64(len(rest)-1-n) {
			return more
		}
		rest = rest[1+n:]
		more = append(more, Param{Param: param, Text: string(rest[:size])})
		rest = rest[size:]
	}
	return more
}
