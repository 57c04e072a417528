package mask

import (
	"homing"
	"homing/internal/rule/target"
)

// runAt tells how many bytes the run at the beginning of text takes, and how
// many letters and digits they stand for.
func runAt(text []byte) (size, chars int) {
	for size < len(text) {
		switch {
		case homing.IsAlnum(text[size]):
			size++
		case isEncodedAlnum(text[size:]):
			size += target.EscapeLen
		default:
			return size, chars
		}
		chars++
	}
	return size, chars
}

func isEncodedAlnum(text []byte) bool {
	c, ok := target.UnescapeByte(text)
	return ok && homing.IsAlnum(c)
}

// partAt is the length of what stands between two runs at the beginning of
// text: one byte, or one escape.
func partAt(text []byte) int {
	_, size := charAt(text)
	return size
}

// span is how many bytes the first chars characters of text take.
func span(text []byte, chars int) (size int) {
	for range chars {
		size += partAt(text[size:])
	}
	return size
}

// charAt is the character at the beginning of text, decoded, and how many bytes
// it takes.
func charAt(text []byte) (c byte, size int) {
	if c, ok := target.UnescapeByte(text); ok {
		return c, target.EscapeLen
	}
	return text[0], 1
}

// appendDecoded appends what a run stands for.
func appendDecoded(dst, run []byte) []byte {
	for len(run) > 0 {
		c, size := charAt(run)
		dst, run = append(dst, c), run[size:]
	}
	return dst
}
