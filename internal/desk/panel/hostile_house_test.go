package panel

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/system"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/notice"
	"homing/internal/rule/macro"
)

// hostilePages puts text wherever a stranger, an advertiser or an operator can
// put it, and loads every page and file that shows it. It asks the same whatever
// the text is.
func hostilePages(t *testing.T, text string) []paneltest.Answer {
	h := newHouse(t)
	op := h.Operator()
	h.settleNamed(text)
	a, c := *h.Accounts()[0], h.Catalog.View().Campaigns[0].Campaign
	counted, refused := h.callWith(c, text)
	// A click that was called for in vain: what is compared with it never arrived.
	bare := h.Click(c, func(click *homing.Click) { click.UserAgent, click.Referrer = []byte(text), []byte(text) })
	trial := triedOut(h, c, text)
	h.troubleWith(text)
	why := op.Post("/postbacks/"+refused.String()+"/replay", "why", text)
	h.Load()
	lead := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	list := "click_id,lead_code,value\n" + bare.ID.String() + "," + lead + "," + lead + "\n" + lead + ",,1\n"
	paths := []string{"/postbacks/" + counted.String(), "/postbacks/" + refused.String(), "/postbacks", "/postbacks?group=reason",
		"/postbacks/" + refused.String() + "/replay", "/postbacks/export",
		"/postbacks?q=" + url.QueryEscape(text) + "&lead=" + url.QueryEscape(text), "/campaigns", "/campaigns/1", "/campaigns/new?like=1",
		"/advertisers", "/advertisers/1", "/advertisers/1/tracking", "/advertisers/1/tracking?tracker=voluum&campaign=1", "/campaigns/new?account=1",
		"/advertisers/1/test", trial, "/advertisers/1/console", "/start", "/advertisers/1/erase",
		"/settings/notices", "/settings/notices?account=1", "/system", "/advertisers?q=zzz" + url.QueryEscape(text),
		"/overview", "/overview?account=1", "/reports?by=sub1,account,campaign,goal", "/reports/file?format=csv&by=sub1,account,campaign,goal",
		"/trace?q=" + bare.ID.String(), "/audit", "/audit/csv", "/differ/day?day=2026-03-02&count=1&account=1&campaign=1"}
	var facets []string
	for d := warehouse.FirstFacet; int(d) < warehouse.DimensionCount; d++ {
		facets = append(facets, d.String())
	}
	for by := range slices.Chunk(facets, warehouse.MaxBy) {
		paths = append(paths, "/reports?compare=previous&by="+strings.Join(by, ","))
	}
	pages := []paneltest.Answer{}
	for _, path := range paths {
		pages = append(pages, op.Get(path))
	}
	pages = append(pages, liveRows(h, op), why, op.Post("/trace", "q", text), op.Post("/trace", "q", "x\n"+text),
		op.Post("/differ", "list", list), op.Post("/differ", "list", list, "as", "csv"),
		upload(op, "/differ", text, list),
		op.Post("/differ", "list", list, "from", text, "to", text, "view", text),
		op.Get("/differ/day?"+url.Values{"day": {text}, "count": {text}, "value": {text}, "tz": {text}, "campaign": {text}}.Encode()),
		op.Get("/audit?"+url.Values{"actor": {text}, "action": {text}}.Encode()))
	mara := h.Advertiser(a.ID, "mara@example.com")
	for _, path := range []string{"/campaigns/1", "/postbacks", "/postbacks/export", "/overview", "/reports?by=campaign,sub2", page.TrackingPath(a.ID)} {
		pages = append(pages, mara.Get(path))
	}
	op.Post("/advertisers/1/view").Want(moved)
	pages = append(pages, op.Get("/campaigns"), op.Get("/settings"), op.Get("/advertisers"))
	op.Post("/viewing/stop").Want(moved)
	pages = append(pages, hostileConversions(h, op, mara, text)...)
	pages = append(pages, hostileSettings(h, op, mara, a.ID, text)...)
	return append(pages,
		op.Get("/reports?"+url.Values{"where": {text}, "tz": {text}, "from": {text}, "compare": {text}}.Encode()),
		op.Post("/campaigns/new", "account", "1", "name", text, "ref", text, "url", text, "window", text, "default_value", text, "goal_id", text, "goal_name", text),
		op.Post("/advertisers/1/senders", "senders", text+"/x"),
		op.Post("/advertisers/1/people", "email", text),
		h.Stranger().Post("/signin", "email", text, "password", text, "next", text))
}

// settleNamed makes an advertiser with a campaign and a key, in a house with mail
// and notices, all called by a text. Names are checked where they are made: here
// they get past that, as a bug elsewhere might let them.
func (s *stage) settleNamed(text string) {
	a := s.Account("safe")
	c := s.Campaign(a.ID, "safe")
	key, _, err := s.Catalog.RotateKey(s.Context(), "test", a.ID, "safe", 0)
	s.Must(err)
	told := homing.Notices{Emails: []string{text}, Webhook: "https://hooks.example/" + text}
	a.Name, a.Ref, a.Notices = text, text, told
	c.Name, c.Ref, c.Goals = text, text, []homing.Goal{{ID: 1, Name: text}}
	// What is none of a URL's, and macros, which the editor remarks on.
	query := strings.NewReplacer("{", "(", "}", ")").Replace(text)
	if _, err := macro.Compile(c.URL + "&q=" + query); err != nil {
		query = url.QueryEscape(query)
	}
	c.URL += "&q=" + query
	key.Name = text
	s.Must(s.Ledger.Apply(s.Context(), ledger.Actor{Name: text}, ledger.PutAccount{Account: &a}, ledger.PutCampaign{Campaign: &c},
		ledger.PutKey{Key: &key}, ledger.Note{Action: text, Object: text, Account: a.ID, Detail: text},
		ledger.PutInstallation{Installation: homing.Installation{
			Name: text, Notices: told, Mail: homing.Mail{Host: text, User: text, From: text},
		}}))
	s.Must(s.Catalog.Reload(s.Context()))
}

// callWith records a click that was sent on with a text in all that a visitor or
// an ad server tells, and calls of somebody who puts it into all that is told of a
// conversion: one that counted, one that was refused.
func (s *stage) callWith(c homing.Campaign, text string) (counted, refused homing.RequestID) {
	kept := []byte(text[:min(len(text), homing.MaxParamLen)])
	s.Click(c, func(click *homing.Click) {
		for i := range click.Params {
			click.Params[i] = kept
		}
		click.UserAgent, click.Referrer, click.Language = []byte(text), []byte("https://blog.example/"+text), []byte(text)
	})
	spoil := func(p *homing.Postback) {
		p.Lead, p.UserAgent, p.Currency, p.Method = text, text, text, text
		p.Target = "/api/v1/cpa/action/" + text + "?value=" + text
	}
	counted = s.Call(c, spoil)
	return counted, s.Call(c, func(p *homing.Postback) {
		spoil(p)
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueSyntax}
	})
}

// upload sends a list as a file that is called by a text.
func upload(b *paneltest.Browser, path, name, list string, fields ...string) paneltest.Answer {
	const boundary = "between-the-parts"
	body := fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=%q\r\nContent-Type: %s\r\n\r\n%s\r\n",
		boundary, strings.NewReplacer("\r", "", "\n", "").Replace(name), "text/csv", list)
	for i := 0; i+1 < len(fields); i += 2 {
		body += fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, fields[i], fields[i+1])
	}
	return b.Send(path, "multipart/form-data; boundary="+boundary, strings.NewReader(body+"--"+boundary+"--\r\n"))
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
