package tracker

import (
	"regexp"
	"strings"
)

// brackets are the spellings of macros in the field, longer ones before those
// they contain.
var brackets = [...]struct{ open, close string }{
	{"{{", "}}"}, {"{!", "!}"}, {"${", "}"}, {"{", "}"},
	{"[[", "]]"}, {"[", "]"}, {"##", "##"}, {"#", "#"},
	{"__", "__"}, {"%", "%"}, {"(", ")"}, {"<", ">"},
}

// inner is what stands within a macro's brackets; ok if text is a macro.
func inner(text string) (name string, ok bool) {
	for _, b := range brackets {
		rest, ok := strings.CutPrefix(text, b.open)
		if !ok {
			continue
		}
		if rest, ok = strings.CutSuffix(rest, b.close); ok && macroName.MatchString(rest) {
			return rest, true
		}
	}
	return "", false
}

// macroName is what can stand within brackets; a letter is needed.
var macroName = regexp.MustCompile(`^[\w\-.:!()=|,$?@~]*[A-Za-z][\w\-.:!()=|,$?@~]*$`)

func isMacro(text string) bool {
	_, ok := inner(text)
	return ok
}

// isFiller tells whether text is a word that templates leave where a value
// should be.
func isFiller(text string) bool {
	switch strings.ToLower(text) {
	case "replace", "replace_me", "replaceme", "optional", "undefined", "null", "none", "your_click_id", "xxx", "...", "…":
		return true
	}
	return strings.HasPrefix(strings.ToLower(text), "replace_")
}

// plain is a macro's name without brackets, case and punctuation: what is left
// is the same in two spellings of one name.
func plain(text string) string {
	if name, ok := inner(text); ok {
		text = name
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(text))
}
