package loader

import (
	"bytes"
	"unicode/utf8"
	"unsafe"

	"homing/internal/engine/warehouse"
)

// texts makes strings of bytes that will be written over. They are laid one
// behind the other into large pieces of memory, so that a batch of a hundred
// thousand clicks takes some dozen allocations. A piece is never written twice:
// whoever keeps a string keeps it whole.
type texts struct{ chunk []byte }

const chunkSize = 64 << 10

// keep returns a string with memory of its own.
func (t *texts) keep(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if cap(t.chunk)-len(t.chunk) < len(text) {
		t.chunk = make([]byte, 0, max(chunkSize, len(text)))
	}
	start := len(t.chunk)
	t.chunk = append(t.chunk, text...)
	// The bytes from start on are never changed again: append only goes forward,
	// and a full piece is left behind.
	return unsafe.String(&t.chunk[start], len(text))
}

// facet returns a text as it may stand in a facet: valid UTF-8, at most
// warehouse.MaxFacet bytes, no letter cut in two.
func (t *texts) facet(text []byte) string { return t.keep(sound(text)) }

// sound makes text valid UTF-8 of at most warehouse.MaxFacet bytes. It
// allocates only if there is something to mend.
func sound(text []byte) []byte {
	if !utf8.Valid(text) {
		cut := len(text) > warehouse.MaxFacet
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
		if cut { // the end of a cut text is not its sender's fault
			text = bytes.TrimSuffix(text, []byte("\uFFFD"))
		}
	}
	if len(text) <= warehouse.MaxFacet {
		return text
	}
	end := warehouse.MaxFacet
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// params hands out lists of parameters, many from one allocation. Like texts
// they are never written twice.
type params struct{ chunk []warehouse.Param }

const chunkParams = 1024

// list returns a copy of what is in list, nil if that is nothing.
func (p *params) list(list []warehouse.Param) []warehouse.Param {
	if len(list) == 0 {
		return nil
	}
	if cap(p.chunk)-len(p.chunk) < len(list) {
		p.chunk = make([]warehouse.Param, 0, chunkParams)
	}
	start := len(p.chunk)
	p.chunk = append(p.chunk, list...)
	return p.chunk[start:len(p.chunk):len(p.chunk)]
}
