package panel

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/system"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/notice"
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
			if kind := shown.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
				if shown.Header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s is a file of %s that a browser may take for a page", shown.Request.URL.Path, kind)
				}
				continue // its texts are looked at where files are written
			}
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
	_, err := h.Catalog.UpdateInstallation(h.Context(), "test", func(i *homing.Installation) { i.Name = name })
	h.Must(err)
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
	h.Click(c, func(click *homing.Click) {
		for i := range click.Params {
			if param := homing.Param(i); param >= homing.ParamSub1 {
				click.Params[i] = []byte(text)
			}
		}
	})
	counted := h.Call(c, spoil)
	refused := h.Call(c, func(p *homing.Postback) {
		spoil(p)
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueSyntax}
	})
	paths := []string{"/postbacks/" + counted.String(), "/postbacks/" + refused.String(), "/postbacks", "/postbacks?group=reason",
		"/postbacks?q=" + url.QueryEscape(text) + "&lead=" + url.QueryEscape(text), "/campaigns", "/campaigns/1",
		"/advertisers", "/advertisers/1", "/advertisers/1/tracking", "/advertisers/1/tracking?tracker=voluum&campaign=1", "/campaigns/new?account=1",
		"/advertisers/1/test", triedOut(h, c, text), "/start"}
	h.Load()
	h.troubleWith(text)
	paths = append(paths, "/advertisers/1/erase", "/settings/notices", "/settings/notices?account=1", "/system", "/advertisers?q=zzz"+url.QueryEscape(text))
	paths = append(paths, "/overview", "/overview?account=1", "/reports?by=sub1,account,campaign,goal")
	// A click that was called for in vain: what is compared with it never arrived.
	bare := h.Click(c, func(click *homing.Click) { click.UserAgent, click.Referrer = []byte(text), []byte(text) })
	lead := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	list := "click_id,lead_code,value\n" + bare.ID.String() + "," + lead + "," + lead + "\n" + lead + ",,1\n"
	paths = append(paths, "/trace?q="+bare.ID.String(), "/audit", "/audit/csv", "/differ/day?day=2026-03-02&count=1&account=1&campaign=1")
	var pages []paneltest.Answer
	for _, path := range paths {
		pages = append(pages, op.Get(path).Want(ok))
	}
	pages = append(pages, op.Post("/trace", "q", text).Want(ok), op.Post("/trace", "q", "x\n"+text).Want(ok),
		op.Post("/differ", "list", list).Want(ok), op.Post("/differ", "list", list, "as", "csv").Want(ok),
		op.Post("/differ", "list", list, "from", text, "to", text, "view", text).Want(unfit),
		op.Get("/differ/day?"+url.Values{"day": {text}, "count": {text}, "value": {text}, "tz": {text}, "campaign": {text}}.Encode()).Want(unfit),
		op.Get("/audit?"+url.Values{"actor": {text}, "action": {text}}.Encode()).Want(ok))
	mara := h.Advertiser(a.ID, "mara@example.com")
	for _, path := range []string{"/campaigns/1", "/postbacks", "/overview", "/reports?by=campaign,sub2", page.TrackingPath(a.ID)} {
		pages = append(pages, mara.Get(path).Want(ok))
	}
	pages = append(pages, hostileConversions(op, mara, text, name)...)
	pages = append(pages, hostileSettings(h, op, mara, a.ID, text)...)
	return append(pages,
		op.Get("/reports?"+url.Values{"where": {text}, "tz": {text}, "from": {text}, "compare": {text}}.Encode()).Want(unfit),
		op.Post("/campaigns/new", "account", "1", "name", text, "ref", text, "url", text, "window", text, "default_value", text, "goal_id", text, "goal_name", text).Want(unfit),
		op.Post("/advertisers/1/senders", "senders", text+"/x").Want(unfit),
		op.Post("/advertisers/1/people", "email", text).Want(unfit),
		h.Stranger().Post("/signin", "email", text, "password", text, "next", text).Want(forbidden)), h
}

// triedOut is the page of a test whose tracker answered with a text.
func triedOut(h *stage, c homing.Campaign, text string) string {
	made, err := h.Trials.Begin(h.Context(), h.Catalog.View().Campaign(c.ID), map[string]string{"sub1": text})
	h.Must(err)
	for _, reason := range []homing.Reason{homing.ReasonCounted, homing.ReasonValueSyntax} {
		h.Call(c, func(p *homing.Postback) {
			p.Click, p.Origin = made.Click.ID, made.Click.Origin
			p.Lead, p.UserAgent, p.Currency = text, text, text
			p.Target = "/api/v1/cpa/action/" + text + "?value=" + text
			p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason, Flags: homing.FlagTest}
		})
	}
	return "/advertisers/1/test/" + made.Click.ID.String()
}

// troubleWith makes a text part of what is wrong with the house.
func (s *stage) troubleWith(text string) {
	s.damages = []string{text}
	s.watch.Look(s.Context())
	s.Must(s.Ledger.PutNotice(s.Context(), ledger.Notice{Kind: "storage", Object: text, Since: 1, Told: 1, Ended: 2, Detail: text}))
	s.health = system.Health{
		Version: text, Versions: []system.Fact{{Label: "Go", Value: text}}, Parts: []system.Part{{Name: "Ledger", Trouble: text, Facts: []system.Fact{{Label: text, Value: text}}}},
		Certificates: []system.Certificate{{Listener: "panel", File: text, Subject: text, Names: []string{text}, Issuer: text}},
		Failures:     []notice.Failure{{Channel: "mail", To: text, Problem: text, Tries: 1}},
	}
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
