package macro

import (
	"fmt"
	"strings"
)

// Severity tells how bad a finding is.
type Severity uint8

const (
	// Note: it may well be meant so.
	Note Severity = iota
	// Warning: it will most likely not work as meant.
	Warning
)

func (s Severity) String() string { return [...]string{"note", "warning"}[s] }

// Finding is something a person should look at in a template that compiles.
type Finding struct {
	Severity Severity
	Text     string // "There is no {click_id}: …"
}

// Lint reads a template as a person would: no {click_id}, or in the fragment, doubled, joined
// with other text; an unknown macro close to a known name; http instead of
// https. A template that does not compile has one finding, the error.
func Lint(url string) []Finding {
	if _, err := Compile(url); err != nil {
		return []Finding{{Warning, err.Error()}}
	}
	_, hostEnd := authority(url)
	l := linter{url: url, tokens: scan(url, hostEnd)}
	l.scheme()
	l.clickID()
	l.joined()
	l.nested()
	l.strangers()
	l.unclosed()
	return l.findings
}

type linter struct {
	url      string
	tokens   []token
	findings []Finding
}

func (l *linter) warn(format string, args ...any) { l.add(Warning, format, args...) }
func (l *linter) note(format string, args ...any) { l.add(Note, format, args...) }

// add tells a finding once, however often its cause stands in the template.
func (l *linter) add(s Severity, format string, args ...any) {
	f := Finding{s, fmt.Sprintf(format, args...)}
	for _, g := range l.findings {
		if f == g {
			return
		}
	}
	l.findings = append(l.findings, f)
}

func (l *linter) scheme() {
	if hasPrefixFold(l.url, "http://") {
		l.warn("The URL begins with http://: everybody on the way can read and change it, and some browsers warn. Write https:// if the site has it.")
	}
}

func (l *linter) clickID() {
	var all, hidden int
	for _, t := range l.tokens {
		if t.field != fieldClickID {
			continue
		}
		all++
		if t.part == inFragment {
			hidden++
		}
	}
	switch {
	case all == 0:
		l.warn("There is no {click_id}: conversions can't be told, because no postback can bring home an id that never left. " +
			"Put it into the parameter that the advertiser's tracker sends back, for example &clickid={click_id}.")
	case hidden == all:
		l.warn("{click_id} stands behind the #: browsers keep that part to themselves, so the advertiser's server never gets the id. Move it before the #.")
	case all > 1:
		l.note("{click_id} stands %d times. That works; but if the tracker sends them back as one text, the postback is refused.", all)
	}
}

// joined looks for a click id that shares its parameter with other text.
func (l *linter) joined() {
	for _, t := range l.tokens {
		if t.field != fieldClickID || t.part != inQuery {
			continue
		}
		before, after := l.url[:t.start], l.url[t.end:]
		if (before == "" || strings.IndexByte("?&=", before[len(before)-1]) >= 0) && (after == "" || after[0] == '&' || after[0] == '#') {
			continue
		}
		if l.inOtherURL(t) {
			continue
		}
		l.note("{click_id} shares its parameter with other text. The postback must bring back the 40 characters of the id alone, so the tracker has to take them out again.")
	}
}

// nested looks for values inside a URL that is itself a parameter.
func (l *linter) nested() {
	for _, t := range l.tokens {
		if t.part == inQuery && !plainField(t.field) && l.inOtherURL(t) {
			l.note("{%s} stands in a URL within the URL. Its value is percent-encoded once, so a & in it would end the inner parameter. {click_id} is safe there.", table[t.field].Name)
		}
	}
}

// inOtherURL tells whether a parameter's value before t begins as a URL.
func (l *linter) inOtherURL(t token) bool {
	value := l.url[:t.start]
	value = value[strings.LastIndexByte(value, '&')+1:]
	for _, sep := range []string{"://", "%3A%2F%2F", ":%2F%2F"} {
		if i := indexFold(value, "=http"); i >= 0 && indexFold(value[i:], sep) >= 0 {
			return true
		}
	}
	return false
}

// plainField tells that a field's value is digits and letters only.
func plainField(f field) bool {
	switch f {
	case fieldClickID, fieldCampaignID, fieldTimestamp, fieldRandom:
		return true
	}
	return false
}

// strangers looks at what seems to be a macro and is not replaced.
func (l *linter) strangers() {
	for _, s := range Highlight(l.url) {
		if s.Kind != Unknown {
			continue
		}
		text := l.url[s.Start:s.End]
		_, known := fieldNamed(strings.ToLower(s.Name))
		meant := nearest(s.Name)
		// The order matters: from what is surely a mistake to what may be meant.
		switch {
		case hasPrefixFold(text, "%257B"):
			l.warn("%s is percent-encoded twice and stays as it is. Write {%s}.", text, orName(meant, s.Name))
		case known && strings.IndexByte("{$%", text[0]) >= 0:
			l.warn("%s stays as it is: macros are written in lower case. Did you mean {%s}?", text, strings.ToLower(s.Name))
		case isClickName(s.Name):
			l.warn("%s is no way to write a macro here and stays as it is. Did you mean {click_id}?", text)
		case known:
			l.note("%s stays as it is, for the next server may replace it. If homing shall, write {%s}.", text, strings.ToLower(s.Name))
		case meant != "":
			l.warn("%s is not known and stays as it is. Did you mean {%s}?", text, meant)
		default:
			l.note("%s is not known here and stays as it is. That is right if the next server replaces it.", text)
		}
	}
}

func isClickName(name string) bool {
	return strings.EqualFold(name, "click_id") || strings.EqualFold(name, "clickid")
}

func orName(meant, name string) string {
	if meant != "" {
		return meant
	}
	return name
}

// unclosed looks for a brace that was opened before a known name and never
// closed.
func (l *linter) unclosed() {
	for i := 0; i < len(l.url); i++ {
		if l.url[i] != '{' || l.inToken(i) {
			continue
		}
		word := l.url[i+1:]
		n := 0
		for n < len(word) && (unreserved[word[n]]) {
			n++
		}
		if n < len(word) && strings.IndexByte("}:!@", word[n]) >= 0 {
			continue
		}
		name := strings.ToLower(word[:n])
		if _, ok := fieldNamed(name); ok || isClickName(name) {
			l.warn("{%s has no closing brace and stays as it is. Write {%s}.", word[:n], name)
		}
	}
}

func (l *linter) inToken(at int) bool {
	for _, t := range l.tokens {
		if t.start <= at && at < t.end {
			return true
		}
	}
	return false
}
