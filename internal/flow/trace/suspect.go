package trace

import (
	"net/url"
	"slices"
	"strings"

	"homing"
	"homing/internal/rule/judge"
)

// Suspect finds in a text without a click id what should have been one, and why
// it is none: homing.ReasonCodeEmpty if there is nothing of the kind.
func Suspect(text string) (part string, why homing.Reason) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "/") && !strings.Contains(text, "=") {
		return text, judge.DiagnoseCode(text)
	}
	why = homing.ReasonCodeEmpty
	for _, candidate := range candidates(text) {
		reason := judge.DiagnoseCode(candidate)
		if place := slices.Index(likely, reason); place >= 0 && (part == "" || place < slices.Index(likely, why)) {
			part, why = candidate, reason
		}
	}
	return part, why
}

// likely are the reasons that tell something, the surest first.
var likely = []homing.Reason{
	homing.ReasonCodeUpperCase, homing.ReasonCodeEncodedTwice, homing.ReasonCodeLong, homing.ReasonCodeCut, homing.ReasonCodeTrailing,
	homing.ReasonCodeMacro, homing.ReasonCodePlaceholder, homing.ReasonCodeSpaces, homing.ReasonCodeOtherTracker,
}

// codeNames are the parameters that usually carry a click id.
var codeNames = []string{
	"click_id", "clickid", "external_id", "externalid", "cid", "subid", "sub_id", "sub1", "aff_sub", "s1", "ref_id", "t", "tid",
}

// leastOdd is how long a text must be to be looked at where its name says
// nothing: DE and 2024 are no cut ids.
const leastOdd = 16

// candidates are the parts of a URL that may have been meant as an id.
func candidates(text string) (list []string) {
	text, _, _ = strings.Cut(text, "#")
	path, query, _ := strings.Cut(text, "?")
	if _, code, ok := strings.Cut(path, "/cpa/action/"); ok {
		list = append(list, unescaped(code))
	} else {
		for segment := range strings.SplitSeq(path, "/") {
			list = odd(list, unescaped(segment))
		}
	}
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		value = unescaped(value)
		if value != "" && slices.Contains(codeNames, strings.ToLower(name)) {
			list = append(list, value)
			continue
		}
		list = odd(list, value)
	}
	return list
}

func odd(list []string, text string) []string {
	if len(text) >= leastOdd || strings.ContainsAny(text, "{}[]") {
		return append(list, text)
	}
	return list
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
