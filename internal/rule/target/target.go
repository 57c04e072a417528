// Package target takes the raw target of a request apart: which door it is for,
// and what it carries. It is exact where the contract is exact (postbacks) and
// forgiving where a visitor must never see an error (clicks). It splits the
// bytes itself, because libraries clean, drop and fold what must be refused.
//
//	/c/{slug}?sub1=…                          a click
//	/api/v1/cpa/action/{code}?value=…         a postback
//	/api/v1/cpa/action?clickid={code}&value=… its sibling form
//
// Nothing here allocates, given buffers that are large enough.
package target

import "bytes"

// Door tells which handler a target is for.
type Door uint8

const (
	// Nowhere: 404.
	Nowhere Door = iota
	// Click is /c/{slug}.
	Click
	// Postback is /api/v1/cpa/action/{code}, and all else below action/.
	Postback
	// Sibling is /api/v1/cpa/action without anything below: the code comes as
	// clickid or click_id.
	Sibling
	// Health and Ready are /healthz and /readyz.
	Health
	Ready
)

// Target is a raw request target taken apart. Its slices point into the target
// or into the buffer given to Split.
type Target struct {
	Door Door
	// Slug is the click URL's, decoded once.
	Slug []byte
	// Code is what stands below action/, percent-decoded once, whatever it is.
	Code []byte
	// RawCode is the same as it was sent.
	RawCode []byte
	// Query is what follows the first question mark, raw; nil if there is none.
	Query []byte
}

// MaxPostbackQuery and MaxClickQuery are the longest queries, in bytes.
const (
	MaxPostbackQuery = 4 << 10
	MaxClickQuery    = 8 << 10
	// MaxParams is how many parameters a postback may have.
	MaxParams = 32
)

// The fixed parts of our paths. A percent-encoded letter is the same letter
// (RFC 3986, 6.2.2.2), here as in a click id; an encoded slash is not the
// same as a slash, here as there.
var (
	postbackPath = []string{"api", "v1", "cpa", "action"}
	clickPath    = []string{"c"}
	healthPath   = []string{"healthz"}
	readyPath    = []string{"readyz"}
)

// Split takes a raw target apart. Of an absolute-form target (http://host/…)
// only path and query count. A segment . or .. (raw or %2e), or an empty one
// that is not the last, leads Nowhere; so do the forms * and host:port. A #
// is data, for a fragment is never sent.
//
// What must be decoded is written into buf from its beginning, up to its
// capacity: the target's length is enough, and if it is too small, Split
// allocates. It belongs to the result from then on.
func Split(raw []byte, buf []byte) Target {
	buf = buf[:0]
	path, query := cutQuery(originForm(raw))
	t := Target{Query: query}
	if !wellFormed(path) {
		return t
	}
	if below, ok := under(path, postbackPath); ok {
		if len(below) == 0 {
			t.Door = Sibling
			return t
		}
		t.Door, t.RawCode = Postback, below[1:]
		t.Code, _ = decoded(t.RawCode, false, &buf)
		return t
	}
	if below, ok := under(path, clickPath); ok && len(below) > 0 {
		// A slug with a slash in it, or an empty one, is one that nobody has.
		t.Door = Click
		t.Slug, _ = decoded(below[1:], false, &buf)
		return t
	}
	if below, ok := under(path, healthPath); ok && len(below) == 0 {
		t.Door = Health
	}
	if below, ok := under(path, readyPath); ok && len(below) == 0 {
		t.Door = Ready
	}
	return t
}

// originForm cuts scheme and authority off an absolute-form target. Whatever
// does not begin with a slash afterwards is none of our paths.
func originForm(raw []byte) []byte {
	var rest []byte
	switch {
	case hasPrefixFold(raw, "http://"):
		rest = raw[len("http://"):]
	case hasPrefixFold(raw, "https://"):
		rest = raw[len("https://"):]
	default:
		return raw
	}
	if end := bytes.IndexAny(rest, "/?#"); end > 0 {
		return rest[end:]
	}
	return nil // no path, or no host
}

// hasPrefixFold tells whether raw begins with prefix (lower case), whatever the
// case of its letters.
func hasPrefixFold(raw []byte, prefix string) bool {
	if len(raw) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := raw[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

// cutQuery parts path and query at the first question mark.
func cutQuery(target []byte) (path, query []byte) {
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		return target[:i], target[i+1:]
	}
	return target, nil
}

// wellFormed tells whether path begins with a slash and has neither dot
// segments nor empty ones before its end. Such paths are refused, not cleaned:
// a cleaned path means another thing here than in a proxy before us.
func wellFormed(path []byte) bool {
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	for rest := path[1:]; ; {
		end := bytes.IndexByte(rest, '/')
		if end < 0 {
			return !isDots(rest)
		}
		if end == 0 || isDots(rest[:end]) {
			return false
		}
		rest = rest[end+1:]
	}
}

// isDots tells whether a segment is . or .., each dot raw or as %2e.
func isDots(segment []byte) bool {
	if len(segment) == 0 || len(segment) > len("%2e%2e") {
		return false
	}
	return segmentIs(segment, ".") || segmentIs(segment, "..")
}

// under tells whether path begins with the words as its segments, and what
// follows them: nothing, or a slash and the rest.
func under(path []byte, words []string) (below []byte, ok bool) {
	for _, word := range words {
		if len(path) == 0 || path[0] != '/' {
			return nil, false
		}
		path = path[1:]
		end := bytes.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		if !segmentIs(path[:end], word) {
			return nil, false
		}
		path = path[end:]
	}
	return path, true
}

// segmentIs tells whether a segment, percent-decoded once, is word.
func segmentIs(segment []byte, word string) bool {
	i := 0
	for ; len(segment) > 0 && i < len(word); i++ {
		c, size := segment[0], 1
		if c == '%' {
			var ok bool
			if c, ok = UnescapeByte(segment); !ok {
				return false
			}
			size = EscapeLen
		}
		if c != word[i] {
			return false
		}
		segment = segment[size:]
	}
	return len(segment) == 0 && i == len(word)
}
