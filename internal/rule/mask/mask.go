// Package mask takes secrets out of text before it is stored or logged. Two
// kinds of run of [0-9A-Za-z] are replaced by "key:" and six hex digits of a
// keyed hash: those of 16 to 64 that are a known key, and, in a postback, those
// of 36 and more that are not a 40-hex click id. Percent-encoded letters and
// digits count as what they stand for, so that an encoded key is found too.
package mask

import (
	"slices"

	"homing"
	"homing/internal/rule/target"
)

// Masker masks text. It is safe for concurrent use if its functions are.
type Masker struct {
	// IsKey tells whether a run is a key of some account, in whichever state.
	IsKey func(run []byte) bool
	// MaskOf returns what to write instead, see homing.Keyring.MaskOf.
	MaskOf func(run []byte) string
}

// Append appends text to dst with known keys masked, and, if strict, everything
// that looks like one. It allocates only if there is something to mask, or dst
// has no room. What it masked once it leaves alone the second time.
//
// A run is read in two ways, because it is not known what the sender meant:
// decoded, where %41 is a letter and %2F parts runs, and raw, where % parts
// runs (a template such as %KEY% around a key that begins with two hex digits).
// What looks like a key is looked for in the decoded reading only: in the raw one
// a click id behind %2F would look like one.
func (m *Masker) Append(dst, text []byte, strict bool) []byte {
	start, kept := len(dst), 0
	encoded := false
	for i := 0; i < len(text); {
		size, chars := runAt(text[i:])
		if size == 0 {
			encoded = encoded || text[i] == '%'
			i += partAt(text[i:])
			continue
		}
		encoded = encoded || size > chars
		// What is appended behind dst here is written over afterwards.
		run := text[i : i+size]
		if size > chars && chars >= homing.MinKeyLen {
			run = appendDecoded(dst[len(dst):], run)
		}
		if m.secret(run, chars, strict) {
			masked := m.MaskOf(run)
			dst = append(dst, text[kept:i]...)
			dst = append(dst, masked...)
			kept = i + size
		}
		i += size
	}
	dst = append(dst, text[kept:]...)
	if encoded {
		dst = m.maskRaw(dst, start)
	}
	return dst
}

// looksLikeKey is the length from which any run but a click id is masked: that
// of the keys we make.
const looksLikeKey = homing.NewKeyLen

// secret tells whether a decoded run must not be shown.
func (m *Masker) secret(run []byte, chars int, strict bool) bool {
	if chars >= homing.MinKeyLen && chars <= homing.MaxKeyLen && m.IsKey(run) {
		return true
	}
	if !strict || chars < looksLikeKey {
		return false
	}
	_, id := homing.ParseClickID(run)
	return !id
}

// maskRaw masks the known keys in dst from start on that only the raw reading
// finds; they touch a percent sign.
func (m *Masker) maskRaw(dst []byte, start int) []byte {
	for i := start; i < len(dst); {
		end := i
		for end < len(dst) && homing.IsAlnum(dst[end]) {
			end++
		}
		size := end - i
		touches := i > start && dst[i-1] == '%' || end < len(dst) && dst[end] == '%'
		if touches && size >= homing.MinKeyLen && size <= homing.MaxKeyLen && m.IsKey(dst[i:end]) {
			masked := m.MaskOf(dst[i:end])
			dst = slices.Replace(dst, i, end, []byte(masked)...)
			end = i + len(masked)
		}
		i = end + 1
	}
	return dst
}

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
	if _, ok := target.UnescapeByte(text); ok {
		return target.EscapeLen
	}
	return 1
}

// appendDecoded appends what a run stands for.
func appendDecoded(dst, run []byte) []byte {
	for len(run) > 0 {
		if c, ok := target.UnescapeByte(run); ok {
			dst, run = append(dst, c), run[target.EscapeLen:]
			continue
		}
		dst, run = append(dst, run[0]), run[1:]
	}
	return dst
}
