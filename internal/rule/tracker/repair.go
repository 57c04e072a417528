package tracker

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"homing"
)

// Finding is something about a pasted postback URL.
type Finding struct {
	// Serious: with it calls are refused, counted wrongly, or give the key away.
	Serious bool
	Text    string
}

// Repaired is what became of a pasted postback URL.
type Repaired struct {
	// Given is what was pasted, with KeyPlace where a key stood.
	Given string
	// URL is the mended one; empty if it cannot be told what it should be.
	URL      string
	Findings []Finding
}

// maxPasted bounds what is looked at, in bytes.
const maxPasted = 8 << 10

// Repair reads a postback URL that somebody has made or copied, says what is
// wrong with it and gives the mended one. t is the tracker that is to call it;
// nil if that is not known. The outline: take the URL out of what stands around
// it; undo encodings; part it; mend code, parameters, scheme and host, each of
// which notes what it found; put it together again. A mended URL is found to be
// in order. A key that stands in it is neither given back nor named.
func Repair(text string, t *Template, o Options) Repaired {
	m := mender{t: t, o: o}
	text = strings.TrimSpace(text)
	m.given = maskKeys(text)
	if len(text) > maxPasted {
		m.wrong("This is longer than any URL can be. Paste the postback URL alone.")
		return Repaired{Given: m.given[:maxPasted], Findings: m.findings}
	}
	if text == "" {
		return Repaired{}
	}
	text = m.unwrap(text)
	text = m.decode(text)
	if !m.part(text) {
		return Repaired{Given: m.given, URL: m.instead(text), Findings: m.findings}
	}
	m.mendCode()
	m.mendParams()
	m.mendAccount()
	m.mendHost()
	return Repaired{Given: m.given, URL: m.join(), Findings: m.findings}
}

// mender is one repair.
type mender struct {
	t        *Template
	o        Options
	given    string
	findings []Finding

	// The parts of the URL.
	scheme, host, code string
	pairs              []pairOf
	// lead and key tell what the mended URL has.
	lead, key bool
}

// pairOf is a parameter, as it is written.
type pairOf struct{ name, value string }

func (m *mender) wrong(format string, args ...any) { m.note(true, format, args...) }
func (m *mender) odd(format string, args ...any)   { m.note(false, format, args...) }

func (m *mender) note(serious bool, format string, args ...any) {
	f := Finding{serious, fmt.Sprintf(format, args...)}
	for _, g := range m.findings {
		if f == g {
			return
		}
	}
	m.findings = append(m.findings, f)
}

// unwrap takes the URL out of a command, a request line or quotes.
func (m *mender) unwrap(text string) string {
	bare := text
	lower := lowered(bare)
	for _, scheme := range []string{"https://", "http://", "https%3a", "http%3a"} {
		if strings.HasPrefix(lower, scheme) {
			break
		}
		if i := strings.Index(lower, scheme); i > 0 && strings.ContainsAny(bare[i-1:i], " \t\n'\"`<(") {
			before := bare[i-1]
			bare = bare[i:]
			if end := strings.IndexAny(bare, " \t\n"); end > 0 && before <= ' ' {
				bare = bare[:end] // the rest of a command
			}
			break
		}
	}
	if i := strings.Index(bare, " HTTP/1."); i > 0 {
		bare = bare[:i]
	}
	bare = strings.TrimLeft(bare, "\"'`“‘ \t\r\n")
	if i := strings.IndexAny(bare, "\"'`"); i > 0 {
		bare = bare[:i] // what follows the closing quote is the rest of a command
	}
	bare = strings.TrimRight(bare, "”’ \t\r\n,")
	if bare != text {
		m.odd("What stood around the URL was left out.")
	}
	return bare
}

// decode undoes what panels, pages and spreadsheets do to a URL.
func (m *mender) decode(text string) string {
	if lower := lowered(text); strings.HasPrefix(lower, "https%3a") || strings.HasPrefix(lower, "http%3a") {
		if plain, err := url.PathUnescape(text); err == nil {
			m.wrong("The whole URL is percent-encoded. Paste it as plain text.")
			text = plain
		}
	}
	if strings.Contains(text, "&amp;") {
		m.wrong("Parameters are separated by &amp;, which is how HTML writes &. The call would be refused.")
		for strings.Contains(text, "&amp;") {
			text = strings.ReplaceAll(text, "&amp;", "&")
		}
	}
	if strings.Contains(strings.ToUpper(text), "%257B") {
		m.wrong("The macros are percent-encoded twice. No tracker replaces them so.")
		text = macroTwice.Replace(text)
	}
	if plain := macroEscapes.Replace(text); plain != text {
		m.wrong("The brackets of macros are percent-encoded. Most trackers replace them only as plain brackets.")
		text = plain
	}
	if plain := withoutBlanks(strings.ReplaceAll(text, "%20", " ")); plain != text {
		m.wrong("There are blanks or line breaks in the URL.")
		text = plain
	}
	return strings.TrimRight(text, "&")
}

var (
	macroTwice = strings.NewReplacer("%257B", "{", "%257b", "{", "%257D", "}", "%257d", "}")
	// macroEscapes are the brackets of all spellings.
	macroEscapes = strings.NewReplacer("%7B%21", "{!", "%21%7D", "!}", "%24%7B", "${", "%7B", "{", "%7b", "{", "%7D", "}", "%7d", "}",
		"%5B", "[", "%5b", "[", "%5D", "]", "%5d", "]", "%23", "#")
)

// withoutBlanks takes blanks out, but for those within a macro such as
// {status:lead=0 sale=1}.
func withoutBlanks(text string) string {
	var b strings.Builder
	at := 0
	for _, m := range bracedMacro.FindAllStringIndex(text, -1) {
		b.WriteString(strings.Join(strings.Fields(text[at:m[0]]), ""))
		b.WriteString(text[m[0]:m[1]])
		at = m[1]
	}
	b.WriteString(strings.Join(strings.Fields(text[at:]), ""))
	return b.String()
}

var bracedMacro = regexp.MustCompile(`\{[\w:= ,]+\}`)

// part parts a URL of a postback; false if it is none.
func (m *mender) part(text string) bool {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "", text
	}
	m.scheme = strings.ToLower(scheme)
	at := strings.Index(lowered(rest), strings.TrimSuffix(Path, "/"))
	if at < 0 {
		return false
	}
	m.host = strings.ToLower(rest[:at])
	rest = rest[at+len(Path)-1:]
	code, query, hasQuery := strings.Cut(rest, "?")
	if i := strings.IndexByte(code, '&'); i >= 0 && !hasQuery {
		m.wrong("The first parameter must follow a ?, the others &.")
		code, query = code[:i], code[i+1:]
	}
	m.code = code
	if strings.Contains(query, ";") {
		m.wrong("Parameters are separated by a semicolon. Write &.")
		query = strings.ReplaceAll(query, ";", "&")
	}
	for pair := range strings.SplitSeq(strings.ReplaceAll(query, "?", "&"), "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			m.pairs = append(m.pairs, pairOf{name, value})
		}
	}
	if strings.Contains(query, "?") {
		m.wrong("There are two question marks. The second has to be &.")
	}
	return true
}

// instead is what to use in place of a text that is no postback URL of ours.
func (m *mender) instead(text string) string {
	switch {
	case strings.Contains(text, "/c/") && m.leadsHere(text):
		m.wrong("This is a click URL: visitors come over it. The postback goes to %s…", Path)
	case strings.Contains(text, ClickPlace):
		m.wrong("This looks like a campaign's URL, the first of the two lines. A postback goes to %s…", Path)
	default:
		m.wrong("This does not lead to %s…, so it is no postback of this network.", Path)
	}
	if m.t == nil || !m.t.Click.Known() {
		return ""
	}
	form := Simple
	if m.t.Value.Known() {
		form = WithValue
	}
	p := m.t.Postback(form, m.o)
	return p.URL()
}

func (m *mender) leadsHere(text string) bool {
	for _, base := range []string{m.o.Base, m.o.SecureBase} {
		if _, host, ok := strings.Cut(base, "://"); ok && strings.Contains(lowered(text), host+"/") {
			return true
		}
	}
	return false
}

// mendHost sees to it that the call comes here, and over https where it must.
func (m *mender) mendHost() {
	_, plainHost, _ := strings.Cut(m.o.Base, "://")
	_, secureHost, _ := strings.Cut(m.o.SecureBase, "://")
	switch m.scheme {
	case "http", "https":
	case "":
		m.wrong("The URL has no scheme. It begins with http:// or https://.")
	default:
		m.wrong("The URL begins with %s://. It has to be http:// or https://.", m.scheme)
	}
	if m.host == "" {
		m.wrong("The host is missing.")
	} else if m.host != plainHost && (secureHost == "" || m.host != secureHost) {
		m.wrong("It leads to %s, which is not where postbacks go.", shown(m.host))
	}
	secure := m.scheme != "http"
	if m.scheme == "http" && (m.lead || m.key) {
		secure = true
		if m.lead {
			m.wrong("A lead_code over plain http is refused. Write https://.")
		} else {
			m.wrong("The key goes over plain http, where others can read it. Write https://.")
		}
	}
	m.scheme = m.o.Base
	if secure && m.o.SecureBase != "" {
		m.scheme = m.o.SecureBase
	} else if m.lead || m.key {
		m.wrong("There is no https address here yet. The operator sets one up.")
	}
}

// join puts the URL together; m.scheme is the base by now.
func (m *mender) join() string {
	if m.code == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(m.scheme + Path + m.code)
	for i, p := range m.pairs {
		b.WriteByte("?&"[min(i, 1)])
		if p.name != "account" { // a key may stand in the wrong place
			p.name, p.value = maskKeys(p.name), maskKeys(p.value)
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

// lowered is text with its ASCII letters in lower case, every byte in its place.
func lowered(text string) string {
	lower := []byte(text)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + ('a' - 'A')
		}
	}
	return string(lower)
}

// shown is a text of somebody's in a finding.
func shown(text string) string {
	if text == "" {
		return "nothing"
	}
	text = strings.ToValidUTF8(text, "�")
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return maskKeys(text)
}

var (
	keyShaped = regexp.MustCompile(fmt.Sprintf(`^[0-9A-Za-z]{%d,%d}$`, homing.MinKeyLen, homing.MaxKeyLen))
	afterKey  = regexp.MustCompile(fmt.Sprintf(`(?i)(\bkey(?:=|%%3D))[0-9A-Za-z]{%d,}`, homing.MinKeyLen))
)

// maskKeys puts KeyPlace where something stands that could be a key: runs of
// letters and digits that long are nothing else in a postback URL, but for a
// click id.
func maskKeys(text string) string {
	text = afterKey.ReplaceAllString(text, "${1}"+KeyPlace)
	var b strings.Builder
	for text != "" {
		n := 0
		for n < len(text) && homing.IsAlnum(text[n]) {
			n++
		}
		run := text[:n]
		if _, isID := homing.ParseClickID([]byte(run)); n >= homing.MinKeyLen && strings.ContainsAny(run, "0123456789") && !isID {
			run = KeyPlace
		}
		b.WriteString(run)
		if n < len(text) {
			b.WriteByte(text[n])
			n++
		}
		text = text[n:]
	}
	return b.String()
}
