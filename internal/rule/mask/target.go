package mask

import (
	"bytes"

	"homing"
	"homing/internal/rule/target"
)

// AppendTarget appends a postback's raw target to dst, masked strictly, and
// besides with the whole value of every parameter named key masked: also a part
// of a key, or a key in two pieces, is nobody's business. It is generous in what
// it takes for such a parameter: the name in any case, encoded, in brackets, in
// the path, inside an encoded URL; its value goes on to the next &.
func (m *Masker) AppendTarget(dst, text []byte) []byte {
	kept, begins := 0, true
	for i := 0; i < len(text); {
		if begins {
			if size := keyName(text[i:]); size > 0 {
				value, end := valueAt(text, i+size)
				if len(value) > 0 && !IsMask(value) {
					dst = m.Append(dst, text[kept:i+size], true)
					dst = append(dst, m.MaskOf(target.Unescape(value))...)
					kept = end
				}
				i, begins = end, false
				continue
			}
		}
		c, size := text[i], 1
		if c == '%' {
			c, size = charAt(text[i:])
		}
		begins = beginsName[c]
		i += size
	}
	return m.Append(dst, text[kept:], true)
}

// beginsName are the bytes behind which a parameter's name may begin.
var beginsName = [256]bool{'?': true, '&': true, ';': true, '#': true, '/': true, ' ': true, '+': true}

// keyName is the length of a name that is key, equals sign included, at the
// beginning of text; 0 if there is none. Blanks and brackets with something in
// them may follow the word, but nothing that could begin another name, so that
// a hostile text is read once.
func keyName(text []byte) (size int) {
	for _, want := range []byte("key") {
		if size == len(text) {
			return 0
		}
		c, n := charAt(text[size:])
		if c|0x20 != want {
			return 0
		}
		size += n
	}
	bracket := false
	for size < len(text) {
		c, n := charAt(text[size:])
		size += n
		switch {
		case c == '=' && !bracket:
			return size
		case c == '[' || c == ']':
			bracket = c == '['
		case bracket && !beginsName[c] && c != '=':
		case !bracket && (c == ' ' || c == '+'):
		default:
			return 0
		}
	}
	return 0
}

// valueAt is the value that begins at i, and where it ends.
func valueAt(text []byte, i int) (value []byte, end int) {
	if n := bytes.IndexByte(text[i:], '&'); n >= 0 {
		return text[i : i+n], i + n
	}
	return text[i:], len(text)
}

const maskPrefix = "key:"

// IsMask tells whether value is what MaskOf made of a key.
func IsMask(value []byte) bool {
	const digits = 6
	if len(value) != len(maskPrefix)+digits || string(value[:len(maskPrefix)]) != maskPrefix {
		return false
	}
	for _, c := range value[len(maskPrefix):] {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

// Postback masks the texts of a logged postback once more: a key may have become
// known after it was used, by an import.
func (m *Masker) Postback(p *homing.Postback) {
	var buf [512]byte
	p.Target = orSame(p.Target, m.AppendTarget(buf[:0], []byte(p.Target)))
	p.UserAgent = orSame(p.UserAgent, m.Append(buf[:0], []byte(p.UserAgent), true))
	p.Lead = orSame(p.Lead, m.Append(buf[:0], []byte(p.Lead), false))
}

// Text masks the known keys of a text that is shown.
func (m *Masker) Text(text string) string {
	var buf [256]byte
	return orSame(text, m.Append(buf[:0], []byte(text), false))
}

// orSame is masked as a string, made only if it differs from text.
func orSame(text string, masked []byte) string {
	if text == string(masked) {
		return text
	}
	return string(masked)
}
