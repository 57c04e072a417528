package panel

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"homing"
	"homing/internal/flow/catalog"
)

// hostile are texts that somebody might send in the hope that a page does more
// than show them.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' autofocus onfocus=alert(1) x='`,
	`</code></title></textarea><svg onload=alert(1)>`,
	`{{.Who.Password}}{{template "frame.html"}}`,
	`=HYPERLINK("https://evil.example","x")`,
	`javascript:alert(1)`,
	"\u202egnp.exe\u2066\u200b",
	"nul\x00bell\x07esc\x1b[31m",
	"no\xff\xfeutf8",
	"${alert(1)}<%= 1 %>`x`",
}

// A page of hostile texts has the same elements with the same attributes as
// one of harmless texts: nothing of them became anything but text.
func TestHostileTextIsShownAsText(t *testing.T) {
	harmless, _ := hostilePages(t, "harmless")
	for _, text := range hostile {
		pages, h := hostilePages(t, text)
		for i, page := range pages {
			if want, got := skeleton(harmless[i].body), skeleton(page.body); !slices.Equal(want, got) {
				t.Errorf("%q changes the elements of %s:\n%v\nwant\n%v", text, page.Request.URL.Path, got, want)
			}
			if shown := html.EscapeString(plain(text)); i < 2 && !strings.Contains(unquoted(page.body), unquoted(shown)) {
				t.Errorf("%q is not shown on %s", text, page.Request.URL.Path)
			}
			if strings.ContainsFunc(fields.ReplaceAllString(page.body, ""), func(c rune) bool {
				return unicode.Is(unicode.Bidi_Control, c) || c == 0 || c == 0x1b || c == unicode.ReplacementChar
			}) {
				t.Errorf("%q stands raw on %s", text, page.Request.URL.Path)
			}
		}
		h.server.Close()
	}
}

// fields are where a person edits a text: it must stay as it is there.
var fields = regexp.MustCompile(`(?s) value="[^"]*"|<textarea.*?</textarea>`)

// unquoted takes the two ways of writing a quotation mark for one.
var unquoted = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&#43;", "+", "+", "+").Replace

// hostilePages puts text wherever a stranger, an advertiser or an operator can
// put it, and loads every page that shows it.
func hostilePages(t *testing.T, text string) ([]answerRead, *house) {
	h := newHouse(t)
	op := h.operator()
	name := "safe"
	if !strings.ContainsFunc(text, unicode.IsControl) && strings.ToValidUTF8(text, "") == text {
		name = text // others are refused where names are made
	}
	a := h.account(name)
	c, err := h.catalog.CreateCampaign(h.context(), "test", catalog.NewCampaign{
		Account: a.ID, Name: name, Ref: name, URL: "https://shop.example/?c={click_id}", Goals: []homing.Goal{{ID: 1, Name: name}},
	})
	h.must(err)
	_, _, err = h.catalog.RotateKey(h.context(), "test", a.ID, name, 0)
	h.must(err)
	spoil := func(p *homing.Postback) {
		p.Lead, p.UserAgent, p.Currency, p.Method = text, text, text, text
		p.Target = "/api/v1/cpa/action/" + text + "?value=" + text
	}
	counted := h.call(c, spoil)
	refused := h.call(c, func(p *homing.Postback) {
		spoil(p)
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueSyntax}
	})
	paths := []string{"/postbacks/" + counted.String(), "/postbacks/" + refused.String(), "/postbacks", "/campaigns", "/campaigns/1",
		"/advertisers", "/advertisers/1", "/advertisers/1/tracking", "/campaigns/new?account=1"}
	var pages []answerRead
	for _, path := range paths {
		pages = append(pages, op.get(path).want(ok))
	}
	mara := h.advertiser(a.ID, "mara@example.com")
	for _, path := range []string{"/you", "/campaigns/1", "/postbacks", trackingPath(a.ID)} {
		pages = append(pages, mara.get(path).want(ok))
	}
	return append(pages,
		op.post("/campaigns/new", "account", "1", "name", text, "ref", text, "url", text, "window", text, "default_value", text, "goals", text).want(unfit),
		op.post("/advertisers/1/people", "email", text).want(unfit),
		h.stranger().post("/signin", "email", text, "password", text, "next", text).want(forbidden)), h
}

var (
	element   = regexp.MustCompile(`<[^>]*>`)
	attribute = regexp.MustCompile(`\s([^\s=>"]+)(="[^"]*")?`)
)

// skeleton lists the elements of a page with their attributes' names. Macros
// that are marked within a URL come and go with what was typed.
func skeleton(body string) (list []string) {
	for _, tag := range element.FindAllString(body, -1) {
		name := strings.Trim(strings.Fields(tag)[0], "<>")
		if name == "mark" || name == "/mark" {
			continue
		}
		for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
			name += " " + a[1]
		}
		list = append(list, name)
	}
	return list
}

func TestPlainShowsTheInvisible(t *testing.T) {
	for text, want := range map[string]string{
		"ordinary, größer, 日本": "ordinary, größer, 日本",
		"a\u202eb":             "a⟨U+202E⟩b",
		"a\x00b":               "a⟨U+0000⟩b",
		"a\xffb":               "a⟨FF⟩b",
		"a\u200bb\u2028":       "a⟨U+200B⟩b⟨U+2028⟩",
	} {
		if got := plain(text); got != want {
			t.Errorf("plain(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestTimesAndNumbers(t *testing.T) {
	for millis, want := range map[homing.Millis]string{
		0: "just now", 59_000: "59 s ago", 61_000: "1 min ago", 7_200_000: "2 h ago", 172_800_000: "2 days ago", -3_600_000: "in 1 h",
	} {
		if got := ago(1_000_000_000-millis, 1_000_000_000); got != want {
			t.Errorf("%d ms: %q, want %q", millis, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 keys", 1: "1 key", 999: "999 keys", 1234567: "1,234,567 keys"} {
		if got := count(n, "key"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
