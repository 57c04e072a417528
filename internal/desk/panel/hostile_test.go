package panel

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
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
		for i, shown := range pages {
			if want, got := skeleton(harmless[i].Text), skeleton(shown.Text); !slices.Equal(want, got) {
				t.Errorf("%q changes the elements of %s:\n%v\nwant\n%v", text, shown.Request.URL.Path, got, want)
			}
			if words := html.EscapeString(page.Plain(text)); i < 2 && !strings.Contains(unquoted(shown.Text), unquoted(words)) {
				t.Errorf("%q is not shown on %s", text, shown.Request.URL.Path)
			}
			if strings.ContainsFunc(fields.ReplaceAllString(shown.Text, ""), func(c rune) bool {
				return unicode.Is(unicode.Bidi_Control, c) || c == 0 || c == 0x1b || c == unicode.ReplacementChar
			}) {
				t.Errorf("%q stands raw on %s", text, shown.Request.URL.Path)
			}
		}
		h.Server.Close()
	}
}

// fields are where a person edits a text: it must stay as it is there.
var fields = regexp.MustCompile(`(?s) value="[^"]*"|<textarea.*?</textarea>`)

// unquoted takes the two ways of writing a quotation mark for one.
var unquoted = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&#43;", "+", "+", "+").Replace

// hostilePages puts text wherever a stranger, an advertiser or an operator can
// put it, and loads every page that shows it.
func hostilePages(t *testing.T, text string) ([]paneltest.Answer, *stage) {
	h := newHouse(t)
	op := h.Operator()
	name := "safe"
	if !strings.ContainsFunc(text, unicode.IsControl) && strings.ToValidUTF8(text, "") == text {
		name = text // others are refused where names are made
	}
	a := h.Account(name)
	c, err := h.Catalog.CreateCampaign(h.Context(), "test", catalog.NewCampaign{
		Account: a.ID, Name: name, Ref: name, URL: "https://shop.example/?c={click_id}", Goals: []homing.Goal{{ID: 1, Name: name}},
	})
	h.Must(err)
	_, _, err = h.Catalog.RotateKey(h.Context(), "test", a.ID, name, 0)
	h.Must(err)
	spoil := func(p *homing.Postback) {
		p.Lead, p.UserAgent, p.Currency, p.Method = text, text, text, text
		p.Target = "/api/v1/cpa/action/" + text + "?value=" + text
	}
	counted := h.Call(c, spoil)
	refused := h.Call(c, func(p *homing.Postback) {
		spoil(p)
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueSyntax}
	})
	paths := []string{"/postbacks/" + counted.String(), "/postbacks/" + refused.String(), "/postbacks", "/campaigns", "/campaigns/1",
		"/advertisers", "/advertisers/1", "/advertisers/1/tracking", "/campaigns/new?account=1"}
	var pages []paneltest.Answer
	for _, path := range paths {
		pages = append(pages, op.Get(path).Want(ok))
	}
	mara := h.Advertiser(a.ID, "mara@example.com")
	for _, path := range []string{"/you", "/campaigns/1", "/postbacks", page.TrackingPath(a.ID)} {
		pages = append(pages, mara.Get(path).Want(ok))
	}
	return append(pages,
		op.Post("/campaigns/new", "account", "1", "name", text, "ref", text, "url", text, "window", text, "default_value", text, "goals", text).Want(unfit),
		op.Post("/advertisers/1/people", "email", text).Want(unfit),
		h.Stranger().Post("/signin", "email", text, "password", text, "next", text).Want(forbidden)), h
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
