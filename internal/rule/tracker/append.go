package tracker

import (
	"strings"

	"homing/internal/rule/macro"
)

// Append adds the parameter that takes the click id up to a campaign's URL,
// before its fragment. If the parameter stands there already, in the query or
// as a pair of segments in the path (/sub1/{x}), its value becomes the click id.
// Doing it again changes nothing. A template without a parameter changes
// nothing either.
func (t *Template) Append(url string) string {
	name := t.Param.Text
	if name == "" {
		return url
	}
	head, fragment := cutFragment(url)
	path, query, hasQuery := strings.Cut(head, "?")
	if filled, ok := fillSegment(path, name); ok {
		path = filled
	} else {
		query, hasQuery = fillQuery(query, name), true
	}
	if hasQuery {
		path = withSlash(path) + "?" + query
	}
	return path + fragment
}

// cutFragment parts a URL before the # of its fragment, which is not the one of
// a macro such as ##CLICK_ID##.
func cutFragment(url string) (head, fragment string) {
	for _, span := range macro.Highlight(url) {
		if span.Kind != macro.Literal {
			continue
		}
		if i := strings.IndexByte(url[span.Start:span.End], '#'); i >= 0 {
			return url[:span.Start+i], url[span.Start+i:]
		}
	}
	return url, ""
}

// withSlash ends a URL that has no path in a slash.
func withSlash(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok && !strings.Contains(rest, "/") {
		return url + "/"
	}
	return url
}

// fillQuery gives the first parameter of the name the click id, drops others of
// it, or adds one.
func fillQuery(query, name string) string {
	var pairs []string
	filled := false
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch {
		case pair == "":
			continue
		case key != name:
			pairs = append(pairs, pair)
			continue
		case filled:
			continue
		case !isClickMacro(value):
			pair = name + "=" + ClickPlace
		}
		filled = true
		pairs = append(pairs, pair)
	}
	if !filled {
		pairs = append(pairs, name+"="+ClickPlace)
	}
	return strings.Join(pairs, "&")
}

// fillSegment finds the parameter as a segment of the path with a macro, a
// place-holder or nothing behind it. A word that merely reads like the parameter
// is followed by something else.
func fillSegment(path, name string) (string, bool) {
	start := strings.Index(path, "://") + len("://")
	if start < len("://") {
		return path, false
	}
	segments := strings.Split(path[start:], "/")
	for i := 1; i+1 < len(segments); i++ {
		value := segments[i+1]
		if segments[i] != name || value != "" && !isMacro(value) && !isFiller(value) {
			continue
		}
		if !isClickMacro(value) {
			segments[i+1] = ClickPlace
		}
		return path[:start] + strings.Join(segments, "/"), true
	}
	return path, false
}

// isClickMacro tells whether a value is our click id's macro and nothing else,
// in whichever spelling.
func isClickMacro(value string) bool {
	const before = "https://x.example/?x="
	spans := macro.Highlight(before + value)
	return len(spans) == 2 && spans[1].Start == len(before) && spans[1].Kind == macro.Known && spans[1].Name == "click_id"
}
