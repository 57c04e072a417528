package panel

import (
	"iter"
	"slices"
	"strings"
	"testing"
)

// Pages are taken apart by hand: with regular expressions it takes most of the
// time of the tests with hostile texts, which read thousands.

// tags are a page's elements as they are written, ends of elements as well.
func tags(body string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			start := strings.IndexByte(body, '<')
			if start < 0 {
				return
			}
			end := strings.IndexByte(body[start:], '>')
			if end < 0 || !yield(body[start:start+end+1]) {
				return
			}
			body = body[start+end+1:]
		}
	}
}

// blank parts the words of a tag.
const blank = " \t\n\f\r"

// attributes are a tag's, with their values as far as these are quoted.
func attributes(tag string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for {
			start := strings.IndexAny(tag, blank)
			if start < 0 {
				return
			}
			tag = tag[start+1:]
			end := strings.IndexAny(tag, blank+`=>"`)
			if end < 0 {
				return // every tag has an end
			}
			name, value := tag[:end], ""
			tag = tag[end:]
			if name == "" {
				continue
			}
			if quoted, ok := strings.CutPrefix(tag, `="`); ok {
				if end := strings.IndexByte(quoted, '"'); end >= 0 {
					value, tag = quoted[:end], quoted[end+1:]
				}
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// withoutFields is a page without what a person edits: a text must stay as it is
// there.
func withoutFields(body string) string {
	var b strings.Builder
	for {
		value, area := strings.Index(body, ` value="`), strings.Index(body, "<textarea")
		switch {
		case value < 0 && area < 0:
			return b.String() + body
		case area < 0 || value >= 0 && value < area:
			b.WriteString(body[:value])
			_, body, _ = strings.Cut(body[value+len(` value="`):], `"`)
		default:
			b.WriteString(body[:area])
			_, body, _ = strings.Cut(body[area:], "</textarea>")
		}
	}
}

func TestPagesAreTakenApart(t *testing.T) {
	const page = "<p>a<br/>\n<img src=x onerror=alert(1)><a\n href=\"/x?a=1&amp;b\" hx-get=\"\" disabled>b</a><input value=\"\u202e\"><textarea name=q>\u202e</textarea>c<"
	if got := slices.Collect(tags(page)); len(got) != 8 || got[2] != "<img src=x onerror=alert(1)>" || got[4] != "</a>" {
		t.Errorf("tags are %q", got)
	}
	var got []string
	for _, tag := range []string{"<img src=x onerror=alert(1)>", "<a\n href=\"/x?a=1&amp;b\" hx-get=\"\" disabled>"} {
		for name, value := range attributes(tag) {
			got = append(got, name+"|"+value)
		}
	}
	if want := []string{"src|", "onerror|", "href|/x?a=1&amp;b", "hx-get|", "disabled|"}; !slices.Equal(got, want) {
		t.Errorf("attributes are %q, want %q", got, want)
	}
	if got := withoutFields(page); strings.Contains(got, "\u202e") || !strings.HasSuffix(got, "c<") {
		t.Errorf("without fields it is %q", got)
	}
	if got := skeleton("<a\n href=x>"); !slices.Equal(got, []string{"a href"}) {
		t.Errorf("the skeleton is %q", got)
	}
}
