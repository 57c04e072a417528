package target

import (
	"unicode/utf8"

	"homing"
)

// ClickParams reads a click's query into the click's Params: known names only,
// each decoded and cut to homing.MaxParamLen at a rune boundary; pairs that do not parse are
// skipped, the first of a repeat wins. An empty value is given but empty. What
// into held before is forgotten.
//
// A semicolon is data here: a visitor's link with one in it works as it does
// in a browser. buf is used as in Split; the query's length is enough.
func ClickParams(query []byte, into *[homing.ParamCount][]byte, buf []byte) {
	*into = [homing.ParamCount][]byte{}
	buf = buf[:0]
	for rest := query; len(rest) > 0; {
		var pair []byte
		pair, rest = cutPair(rest)
		rawName, rawValue := cutName(pair)
		scratch := buf // a name is forgotten once it is known
		name, ok := decoded(rawName, true, &scratch)
		p, known := homing.ParamNamed(name)
		if !ok || !known || into[p] != nil {
			continue
		}
		kept := len(buf)
		value, ok := decoded(rawValue, true, &buf)
		if !ok {
			buf = buf[:kept]
			continue
		}
		into[p] = cutRunes(value, homing.MaxParamLen)
	}
}

// cutRunes cuts text to at most n bytes without cutting a rune in two.
func cutRunes(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for back := 0; back < utf8.UTFMax && back < n; back++ {
		if utf8.RuneStart(text[n-back]) {
			return text[:n-back]
		}
	}
	return text[:n] // no text at all, so no rune to save
}
