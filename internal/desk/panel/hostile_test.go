package panel

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
)

// hostile are texts that somebody might send in the hope that a page does more
// than show them.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' autofocus onfocus=alert(1) x='`,
	`</code></title></textarea><svg onload=alert(1)>`,
	`--></style><!-- <b>&lt;i&gt;&amp;`,
	`{{.Who.Password}}{{template "frame.html"}}`,
	"${alert(1)}<%= 1 %>`x`",
	`=HYPERLINK("https://evil.example","x")`,
	`+1+cmd|' /C calc'!A0`,
	`-2+3;"x",y`,
	`@SUM(1,2)`,
	"\t=1+2",
	"\r=1+2\n=3",
	`javascript:alert(1)`,
	`//evil.example/\@x`,
	"\u202egnp.exe\u2066\u200b",
	"nul\x00bell\x07esc\x1b[31m",
	"no\xff\xfeutf8",
	strings.Repeat("W<i>", 450),
}

// A page of hostile texts has the same elements with the same attributes as
// one of harmless texts: nothing of them became anything but text.
func TestHostileTextIsShownAsText(t *testing.T) {
	harmless := map[string][]paneltest.Answer{}
	for _, text := range hostile {
		if twin := twinOf(text); harmless[twin] == nil {
			t.Run("harmless", func(t *testing.T) { harmless[twin] = hostilePages(t, twin) }) // its house closes
		}
	}
	for _, text := range hostile {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pages := hostilePages(t, text)
			for i, shown := range pages {
				checkShown(t, text, harmless[twinOf(text)][i], shown)
				if strings.HasPrefix(shown.Header.Get("Content-Type"), "text/csv") && strings.Count(shown.Text, "\n") < 2 {
					t.Errorf("%s is a file without rows, which proves nothing", shown.Request.URL)
				}
				if words := html.EscapeString(page.Plain(text)); i < 2 && len(text) < 200 && !strings.Contains(unquoted(shown.Text), unquoted(words)) {
					t.Errorf("%.99q is not shown on %s", text, shown.Request.URL.Path)
				}
			}
		})
	}
}

// twinOf is a harmless text that is taken apart in the same way: what parts lists,
// lines and paths stands where it stood, and a long one is as long.
func twinOf(text string) string {
	const plain = "harmless"
	if len(text) > 100 {
		return strings.Repeat(plain, len(text)/len(plain))
	}
	var b strings.Builder
	for i, c := range text {
		switch {
		case c == utf8.RuneError:
			b.WriteString(text[i : i+1])
		case unicode.Is(unicode.C, c), c == ',', c == ';', c == '/' && strings.Contains(text[max(0, i-1):min(len(text), i+2)], "//"):
			b.WriteRune(c)
		case !strings.HasSuffix(b.String(), plain):
			b.WriteString(plain)
		}
	}
	return b.String()
}

// checkShown compares an answer that has a text in it with the one that has a
// harmless text in its place.
func checkShown(t *testing.T, text string, harmless, shown paneltest.Answer) {
	t.Helper()
	where := fmt.Sprintf("%s %.99s", shown.Request.Method, shown.Request.URL)
	kind := shown.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "text/csv") {
		checkSheet(t, text, where, harmless.Text, shown.Text)
	}
	if shown.StatusCode != http.StatusSeeOther && shown.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s is %s that a browser may take for something else", where, kind)
	}
	if !strings.HasPrefix(kind, "text/html") {
		return
	}
	if harmless.StatusCode != shown.StatusCode {
		t.Errorf("%.99q on %s: status %d for %d", text, where, shown.StatusCode, harmless.StatusCode)
	} else if want, got := skeleton(harmless.Text), skeleton(shown.Text); !slices.Equal(want, got) {
		t.Errorf("%.99q changes the elements of %s: %s", text, where, difference(want, got))
	}
	for tag := range tags(shown.Text) {
		if what := dangerOf(tag); what != "" {
			t.Errorf("%.99q on %s: %s: %.200s", text, where, what, tag)
		}
	}
	said := withoutFields(shown.Text)
	if i := strings.IndexFunc(said, func(c rune) bool {
		return c == 0 || c == 0x1b || c >= utf8.RuneSelf && (unicode.Is(unicode.Bidi_Control, c) || c == unicode.ReplacementChar)
	}); i >= 0 {
		t.Errorf("%.99q stands raw on %s: %.99q", text, where, said[max(0, i-60):])
	}
}

// dangerOf tells what a tag has that no tag of ours has; empty = nothing.
func dangerOf(tag string) string {
	if strings.HasPrefix(tag, "<script") && !strings.Contains(tag, ` src="/assets/`) && tag != `<script type="application/json">` {
		return "a script of somebody's"
	}
	for name, quoted := range attributes(tag) {
		name = strings.ToLower(name)
		value := html.UnescapeString(quoted)
		switch {
		case strings.HasPrefix(name, "on"), name == "style", name == "srcdoc":
			return "an attribute that runs"
		case !slices.Contains([]string{"href", "src", "action", "formaction", "hx-get", "hx-post"}, name):
		case strings.HasPrefix(value, "http://"), strings.HasPrefix(value, "https://"):
			if name != "href" || !strings.Contains(tag, "noreferrer") && !strings.Contains(value, "127.0.0.1") {
				return "another site"
			}
		case value != "" && !strings.ContainsAny(value[:1], "/?#"), strings.HasPrefix(value, "//"), strings.HasPrefix(value, `/\`):
			return "a link elsewhere"
		}
	}
	return ""
}

// checkSheet looks whether a spreadsheet could take a cell of a file for
// something to work out, or a reader for another row.
func checkSheet(t *testing.T, text, where, harmless, file string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Errorf("%.99q: the file of %s is no CSV: %v", text, where, err)
	}
	if others, _ := csv.NewReader(strings.NewReader(harmless)).ReadAll(); len(rows) != len(others) {
		t.Errorf("%.99q: the file of %s has %d rows for %d", text, where, len(rows), len(others))
	}
	for _, row := range rows {
		for _, cell := range row {
			_, err := strconv.ParseFloat(cell, 64)
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") && err != nil {
				t.Errorf("%.99q: %s has the formula %.99q", text, where, cell)
			}
			if strings.ContainsFunc(cell, func(c rune) bool { return c < ' ' && !strings.ContainsRune("\t\r\n", c) }) {
				t.Errorf("%.99q: %s has the control characters %.99q", text, where, cell)
			}
		}
	}
}

// difference tells where two skeletons part.
func difference(want, got []string) string {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	part := func(list []string) string { return strings.Join(list[max(0, i-4):min(len(list), i+6)], " ") }
	return fmt.Sprintf("%d for %d, …\n\t%s\nfor\n\t%s", len(got), len(want), part(got[:]), part(want))
}

// unquoted takes the two ways of writing a quotation mark for one.
var unquoted = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&#43;", "+", "+", "+").Replace

// skeleton lists the elements of a page with their attributes' names. Macros
// that are marked within a URL come and go with what was typed.
func skeleton(body string) (list []string) {
	for tag := range tags(body) {
		name := strings.Trim(tag, "<>")
		if end := strings.IndexAny(name, blank); end >= 0 {
			name = name[:end]
		}
		if name == "mark" || name == "/mark" {
			continue
		}
		for attribute := range attributes(tag) {
			name += " " + attribute
		}
		list = append(list, name)
	}
	return list
}
