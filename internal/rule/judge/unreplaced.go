package judge

import (
	"bytes"

	"homing"
	"homing/internal/rule/target"
)

// unreplaced tells whether text was meant to be replaced by something and was
// not: a macro, in whichever tracker's spelling, or a placeholder.
func unreplaced(text []byte) bool {
	return len(text) > 0 && (isPlaceholder(text) || isMacro(text))
}

// maxPlaceholderLen bounds what is looked at as a placeholder or macro.
const maxPlaceholderLen = 128

// placeholders are the words that templates, scripts and languages leave where
// a value should be, in lower case.
var placeholders = map[string]bool{
	"replace": true, "replaceme": true, "replace_me": true, "replace-me": true, "optional": true,
	"click_id": true, "clickid": true, "click-id": true, "your_click_id": true, "clickid_here": true,
	"subid": true, "sub_id": true, "externalid": true, "external_id": true, "aff_click_id": true,
	"your_key": true, "your_secret_key": true, "secret_key": true, "key": true,
	"price": true, "payout": true, "value": true, "lead_code": true, "unique_lead_code": true,
	"null": true, "(null)": true, "<null>": true, "undefined": true, "[object object]": true,
	"none": true, "nil": true, "<nil>": true, "empty": true, "unknown": true, "default": true,
	"na": true, "n/a": true, "placeholder": true, "example": true,
}

func isPlaceholder(text []byte) bool {
	if len(text) == 0 || len(text) > maxPlaceholderLen {
		return false
	}
	// Almost everything that is sent has a digit in it, no placeholder has, so
	// that a good call pays for one look at each byte and nothing else.
	if bytes.ContainsAny(text, "0123456789") {
		return false
	}
	var lower [maxPlaceholderLen]byte
	n := copy(lower[:], text)
	for i, c := range lower[:n] {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + ('a' - 'A')
		}
	}
	word := lower[:n]
	return placeholders[string(word)] ||
		bytes.HasPrefix(word, []byte("replace_")) ||
		bytes.HasSuffix(word, []byte("_placeholder"))
}

// brackets are the spellings of macros that are counted in the field, longer
// ones before those they contain.
var brackets = [...]struct{ open, close string }{
	{"{{", "}}"}, {"{!", "!}"}, {"${", "}"}, {"{", "}"},
	{"[[", "]]"}, {"[", "]"}, {"##", "##"}, {"#", "#"},
	{"__", "__"}, {"%", "%"}, {"(", ")"}, {"<", ">"},
}

// isMacro tells whether text is a macro as a whole, or has one in braces
// inside, percent-encoded or not.
func isMacro(text []byte) bool {
	if len(text) < 3 || len(text) > maxPlaceholderLen*3 {
		return false
	}
	if isWholeMacro(text) || hasBraces(text) {
		return true
	}
	if bytes.IndexByte(text, '%') < 0 {
		return false
	}
	plain := target.Unescape(text)
	return len(plain) < len(text) && (isWholeMacro(plain) || hasBraces(plain))
}

func isWholeMacro(text []byte) bool {
	if homing.IsAlnum(text[0]) {
		return false
	}
	for _, b := range brackets {
		inner, ok := bytes.CutPrefix(text, []byte(b.open))
		if !ok {
			continue
		}
		if inner, ok = bytes.CutSuffix(inner, []byte(b.close)); ok && isMacroName(inner) {
			return true
		}
	}
	return false
}

// hasBraces tells whether a macro in braces stands anywhere in text: the most
// common spelling by far, and often glued to something.
func hasBraces(text []byte) bool {
	for {
		open := bytes.IndexByte(text, '{')
		if open < 0 {
			return false
		}
		text = text[open+1:]
		if end := bytes.IndexByte(text, '}'); end > 0 && isMacroName(text[:end]) {
			return true
		}
	}
}

// isMacroName tells whether text could stand inside a macro's brackets:
// {visit.externalId}, ##SUB_ID_SHORT(action)##, {status:lead=1}. A letter is
// needed, so that (5) and [1] are none; JSON and HTML are none either.
func isMacroName(text []byte) bool {
	letter := false
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = true
		case c >= '0' && c <= '9':
		case bytes.IndexByte([]byte("_-.:!()=|,$?"), c) < 0:
			return false
		}
	}
	return letter
}
