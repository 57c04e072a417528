// Package mask takes secrets out of text before it is stored or logged. What it
// takes out is replaced by "key:" and six hex digits of a keyed hash:
//
//	known keys            wherever they stand, also inside a longer run
//	what looks like one   in a postback: a run of 36 and more that is no click id
//	the value of key=     in a postback's target, whatever it is
//
// A run is one of [0-9A-Za-z], as long as it goes. Percent-encoded letters and
// digits count as what they stand for, so that an encoded key is found too.
package mask

import (
	"slices"

	"homing"
)

// Masker masks text. It is safe for concurrent use if its functions are.
type Masker struct {
	// KeyIn finds the first key of any account, in whichever state, in a run of
	// letters and digits: run[start:end]. It is asked about runs of
	// homing.MinKeyLen and more.
	KeyIn func(run []byte) (start, end int, ok bool)
	// MaskOf returns what to write instead, see homing.Keyring.MaskOf: no more
	// than homing.MinKeyLen bytes.
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
	start, encoded := len(dst), false
	p := pass{dst: dst, text: text}
	for i := 0; i < len(text); {
		size, chars := runAt(text[i:])
		if size == 0 {
			encoded = encoded || text[i] == '%'
			i += partAt(text[i:])
			continue
		}
		encoded = encoded || size > chars
		if chars >= homing.MinKeyLen {
			m.maskRun(&p, i, size, chars, strict)
		}
		i += size
	}
	dst = append(p.dst, text[p.kept:]...)
	if encoded {
		dst = m.maskRaw(dst, start)
	}
	return dst
}

// pass is one going through a text: what stands before kept is in dst.
type pass struct {
	dst, text []byte
	kept      int
}

func (p *pass) replace(from, to int, by string) {
	p.dst = append(p.dst, p.text[p.kept:from]...)
	p.dst = append(p.dst, by...)
	p.kept = to
}

// decode returns what the run text[from:from+size] stands for. It lies in dst's
// room, behind all that can be written before the run is done.
func (p *pass) decode(from, size, chars int) []byte {
	ahead := from + size - p.kept
	p.dst = slices.Grow(p.dst, ahead+chars)
	room := p.dst[len(p.dst)+ahead : len(p.dst)+ahead : len(p.dst)+ahead+chars]
	return appendDecoded(room, p.text[from:from+size])
}

// maskRun masks what must not be shown of the run text[from:from+size].
func (m *Masker) maskRun(p *pass, from, size, chars int, strict bool) {
	run := p.text[from : from+size]
	if size > chars {
		run = p.decode(from, size, chars)
	}
	if strict && looksLikeKey(run) {
		p.replace(from, from+size, m.MaskOf(run))
		return
	}
	for len(run) >= homing.MinKeyLen {
		start, end, ok := m.KeyIn(run)
		if !ok {
			return
		}
		first := from + span(p.text[from:], start)
		behind := first + span(p.text[first:], end-start)
		p.replace(first, behind, m.MaskOf(run[start:end]))
		run, from = run[end:], behind
	}
}

// looksLikeKey tells whether a run is as long as the keys we make, or longer,
// and no click id.
func looksLikeKey(run []byte) bool {
	if len(run) < homing.NewKeyLen {
		return false
	}
	_, id := homing.ParseClickID(run)
	return !id
}

// maskRaw masks the known keys in dst from start on that only the raw reading
// finds; they are in runs that touch a percent sign.
func (m *Masker) maskRaw(dst []byte, start int) []byte {
	for i := start; i < len(dst); {
		end := i
		for end < len(dst) && homing.IsAlnum(dst[end]) {
			end++
		}
		touches := i > start && dst[i-1] == '%' || end < len(dst) && dst[end] == '%'
		if touches {
			dst, end = m.maskRawRun(dst, i, end)
		}
		i = end + 1
	}
	return dst
}

// maskRawRun masks the known keys in the run dst[i:end] and tells where it ends
// then.
func (m *Masker) maskRawRun(dst []byte, i, end int) (masked []byte, newEnd int) {
	for end-i >= homing.MinKeyLen {
		first, behind, ok := m.KeyIn(dst[i:end])
		if !ok {
			break
		}
		by := m.MaskOf(dst[i+first : i+behind])
		dst = slices.Replace(dst, i+first, i+behind, []byte(by)...)
		end += len(by) - (behind - first)
		i += first + len(by)
	}
	return dst, end
}
