package macro

import "strings"

// Kind tells what a piece of a template is.
type Kind uint8

const (
	// Literal text stays as it is.
	Literal Kind = iota
	// Known is a macro that is replaced.
	Known
	// Unknown looks like a macro and stays as it is.
	Unknown
)

func (k Kind) String() string { return [...]string{"literal", "known", "unknown"}[k] }

// Span is a piece of a template: url[Start:End], in bytes.
type Span struct {
	Start, End int
	Kind       Kind
	// Name is the macro's: of a known one as in Names, of an unknown one as it
	// stands there; empty for literal text.
	Name string
}

// Highlight cuts a template into spans for an editor. They follow each other
// without a gap and cover all of it. It reads any text, also what does not
// compile: a half-typed URL is all literal.
func Highlight(url string) []Span {
	start, end := authority(url)
	if start == 0 {
		return literal(nil, 0, len(url))
	}
	var spans []Span
	at := 0
	for _, tok := range scan(url, end) {
		spans = appendGap(spans, url, at, tok.start, end)
		spans = append(spans, Span{tok.start, tok.end, Known, table[tok.field].Name})
		at = tok.end
	}
	return appendGap(spans, url, at, len(url), end)
}

// appendGap cuts what stands between known macros into unknown ones and
// literal text. Nothing before hostEnd is a macro.
func appendGap(spans []Span, url string, from, to, hostEnd int) []Span {
	at := from
	for i := max(from, hostEnd); i < to; {
		name, n := stranger(url[i:to])
		if n == 0 {
			i++
			continue
		}
		spans = literal(spans, at, i)
		spans = append(spans, Span{i, i + n, Unknown, name})
		i += n
		at = i
	}
	return literal(spans, at, to)
}

func literal(spans []Span, from, to int) []Span {
	if from < to {
		spans = append(spans, Span{from, to, Literal, ""})
	}
	return spans
}

// strangers are the forms an unknown macro is recognized in. word: its name is
// letters, digits and _ only; otherwise it may also have what trackers put into
// braces for functions, as in {name:raw} and {!name!}.
var strangers = []struct {
	open, close string
	word        bool
}{
	{"{{", "}}", false}, {"%257B", "%257D", false}, {"%7B%7B", "%7D%7D", false}, {"${", "}", false}, {"$%7B", "%7D", false},
	{"%24%7B", "%7D", false}, {"{", "}", false}, {"%7B", "%7D", false},
	{"[[", "]]", true}, {"[", "]", true}, {"##", "##", true}, {"__", "__", true},
	{"(", ")", true}, {"<", ">", true}, // for the click id only: /Paris_(France) is a page
}

// maxStranger is the longest name that is taken for an unknown macro.
const maxStranger = 48

// stranger reads an unknown macro at the beginning of s: its name, and how
// many bytes it takes; 0 if there is none.
func stranger(s string) (name string, n int) {
	for _, form := range strangers {
		if !hasPrefixFold(s, form.open) {
			continue
		}
		inner := s[len(form.open):]
		inner = inner[:min(len(inner), maxStranger+len(form.close))]
		end := indexFold(inner, form.close)
		if end < 0 || !strangersName(inner[:end], form.word) {
			continue
		}
		if strings.Contains("(<", form.open) && !isClickName(inner[:end]) {
			continue
		}
		n := len(form.open) + end + len(form.close)
		if form.word && paramNameGoesOn(s[n:]) {
			continue
		}
		return inner[:end], n
	}
	return "", 0
}

// paramNameGoesOn tells that [x] was a part of a[x]=1 or a[x][y]=1.
func paramNameGoesOn(rest string) bool {
	return rest != "" && strings.IndexByte("=[]", rest[0]) >= 0
}

func strangersName(s string, word bool) bool {
	if s == "" || len(s) > maxStranger {
		return false
	}
	letters := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			letters++
		case c == '_' || '0' <= c && c <= '9':
		case !word && strings.IndexByte("-.:!@~|,()", c) >= 0:
		default:
			return false
		}
	}
	return letters > 0
}

// indexFold is strings.Index for ASCII without regard to case.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if hasPrefixFold(s[i:], sub) {
			return i
		}
	}
	return -1
}
