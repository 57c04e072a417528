package macro

import "strings"

// form is one way to write a macro.
type form struct {
	open, close string // compared without regard to case: %7B is %7b
	// clickOnly forms are macros for click_id alone. For other names they mean
	// something else: [TIMESTAMP] is VAST's, a[sub1]= is a PHP array, %ca… is an
	// escape, #geo# may be an anchor.
	clickOnly bool
	// soft forms are left alone where they look like (a part of) a parameter's
	// name, see cursor.namesParam.
	soft bool
}

// forms stand in the order in which they are tried, the longer before the
// shorter that it contains.
var forms = []form{
	{open: "{{", close: "}}"},
	{open: "%7B%7B", close: "%7D%7D"},
	{open: "${", close: "}"},
	{open: "$%7B", close: "%7D"},
	{open: "%24%7B", close: "%7D"},
	{open: "{", close: "}"},
	{open: "%7B", close: "%7D"},
	{open: "[[", close: "]]", clickOnly: true, soft: true},
	{open: "%5B%5B", close: "%5D%5D", clickOnly: true, soft: true},
	{open: "[", close: "]", clickOnly: true, soft: true},
	{open: "%5B", close: "%5D", clickOnly: true, soft: true},
	{open: "##", close: "##", clickOnly: true},
	{open: "%23%23", close: "%23%23", clickOnly: true},
	{open: "#", close: "#", clickOnly: true},
	{open: "%23", close: "%23", clickOnly: true},
	{open: "__", close: "__", clickOnly: true, soft: true},
	{open: "%", close: "%", clickOnly: true}, // no escape begins with %cl
	{open: "%25", close: "%25", clickOnly: true},
}

// openers are the bytes a form can begin with.
const openers = "{$%[#_"

// clickNames are the names of the click id, in any case.
var clickNames = []string{"click_id", "clickid"}

// part is a part of a URL behind the host.
type part uint8

const (
	inPath part = iota
	inQuery
	inFragment
)

// token is a known macro in a template: url[start:end].
type token struct {
	start, end int
	field      field
	part       part
}

// scan finds the known macros from start on, which is where the host ends. The
// first byte there is never part of a macro: it ends the host, so it must stay.
func scan(url string, start int) []token {
	var found []token
	c := cursor{url: url, at: start}
	c.pass()
	for c.at < len(url) {
		if f, end, ok := c.match(); ok {
			found = append(found, token{c.at, end, f, c.part})
			c.at = end
			continue
		}
		c.pass()
	}
	return found
}

// cursor walks over a URL behind its host and knows where it is.
type cursor struct {
	url    string
	at     int
	part   part
	nameAt int  // where the parameter name at hand begins
	inName bool // between ? or & and =
}

// pass steps over one byte that is no macro.
func (c *cursor) pass() {
	if c.at >= len(c.url) {
		return
	}
	b := c.url[c.at]
	c.at++
	switch {
	case b == '#':
		c.part, c.inName = inFragment, false
	case c.part == inPath && b == '?':
		c.part, c.inName, c.nameAt = inQuery, true, c.at
	case c.part == inQuery && b == '&':
		c.inName, c.nameAt = true, c.at
	case c.part == inQuery && b == '=':
		c.inName = false
	}
}

// match tells whether a known macro begins here, and where it ends.
func (c *cursor) match() (f field, end int, ok bool) {
	if strings.IndexByte(openers, c.url[c.at]) < 0 {
		return 0, 0, false
	}
	rest := c.url[c.at:]
	for _, form := range forms {
		if !hasPrefixFold(rest, form.open) {
			continue
		}
		f, n, ok := form.name(rest[len(form.open):])
		if !ok {
			continue
		}
		end := c.at + len(form.open) + n + len(form.close)
		if form.soft && c.namesParam(end) {
			continue
		}
		return f, end, true
	}
	return 0, 0, false
}

// name reads a known name that is followed by the form's closing.
func (m form) name(s string) (f field, n int, ok bool) {
	for _, name := range clickNames {
		if hasPrefixFold(s, name) && hasPrefixFold(s[len(name):], m.close) {
			return fieldClickID, len(name), true
		}
	}
	if m.clickOnly {
		return 0, 0, false
	}
	for _, e := range entries {
		if strings.HasPrefix(s, e.Name) && hasPrefixFold(s[len(e.Name):], m.close) {
			return e.field, len(e.Name), true
		}
	}
	return 0, 0, false
}

// namesParam tells whether a soft form that ends at end is a parameter's name
// or a part of one, as in a[click_id]=1 or __click_id__=1: before = or a further
// bracket anywhere, for a whole URL may be a parameter; and within a name,
// unless the macro is all there is between ? or & and the next &.
func (c *cursor) namesParam(end int) bool {
	rest := c.url[end:]
	for _, s := range []string{"=", "[", "]", "%3D", "%5B", "%5D"} {
		if hasPrefixFold(rest, s) {
			return true
		}
	}
	if !c.inName {
		return false
	}
	alone := c.nameAt == c.at && (rest == "" || rest[0] == '&' || rest[0] == '#')
	return !alone
}

// hasPrefixFold is strings.HasPrefix for ASCII without regard to case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
