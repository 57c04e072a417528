package target

import "bytes"

// EscapeLen is the length of a percent escape.
const EscapeLen = len("%2e")

// UnescapeByte reads the percent escape that text begins with, if it does.
func UnescapeByte(text []byte) (c byte, ok bool) {
	if len(text) < EscapeLen || text[0] != '%' {
		return 0, false
	}
	hi, lo := unhex(text[1]), unhex(text[2])
	if hi|lo > 0x0f {
		return 0, false
	}
	return hi<<4 | lo, true
}

// unhex is the value of a hex digit of either case, or 0xff.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// decoded returns text percent-decoded once; with plus, a plus sign is a space.
// It is text itself if nothing is encoded; else it is appended to *buf, whose
// length keeps what was decoded before. A percent sign that begins no escape
// stays, and makes ok false.
func decoded(text []byte, plus bool, buf *[]byte) (out []byte, ok bool) {
	encoded := bytes.IndexByte(text, '%') >= 0
	if !encoded && !(plus && bytes.IndexByte(text, '+') >= 0) {
		return text, true
	}
	dst, ok := *buf, true
	start := len(dst)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '+' && plus:
			c = ' '
		case c == '%':
			if e, good := UnescapeByte(text[i:]); good {
				c = e
				i += EscapeLen - 1
			} else {
				ok = false
			}
		}
		dst = append(dst, c)
	}
	*buf = dst
	return dst[start:len(dst):len(dst)], ok
}

// Unescape returns text percent-decoded once, as a code is: a plus is a plus,
// and a percent sign that begins no escape stays. It is text itself if nothing
// is encoded.
func Unescape(text []byte) []byte {
	var buf []byte
	out, _ := decoded(text, false, &buf)
	return out
}
