package panel

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/system"
	"homing/internal/desk/panel/walktest"
	"homing/internal/flow/disk"
	"homing/internal/flow/notice"
)

// TestScreenshots writes pictures of every page into the folder that
// HOMING_TEST_SCREENSHOTS names, in both themes and two widths, to be looked at.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	if dir == "" {
		t.Skip("set HOMING_TEST_SCREENSHOTS to a folder to take pictures of every page")
	}
	h := newHouse(t)
	ctx := walktest.Open(t).Ctx
	setUp, err := h.SignIn.SetUpLink(h.Context())
	h.Must(err)
	take := func(name, path string, b *paneltest.Browser, then ...chromedp.Action[chromedp.Void]) {
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{1440, 390} {
				file := filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, theme, width))
				h.Must(photograph(ctx, h, b, path, theme, width, file, then...))
			}
		}
	}
	take("welcome", h.Path(setUp), h.Stranger())
	op := h.Operator()
	take("signin", "/signin", h.Stranger())
	take("advertisers-empty", "/advertisers", op)
	take("postbacks-empty", "/postbacks", op)
	furnish(h)
	id := h.Accounts()[0].ID
	adv := h.Advertiser(id, "mara@northwind.example")
	for name, path := range operatorPages(h) {
		take(name, path, op)
	}
	take("adv-tracking", page.TrackingPath(id), adv)
	take("adv-campaigns", "/campaigns", adv)
	take("adv-campaign", "/campaigns/1", adv)
	take("adv-postbacks", "/postbacks", adv)
	take("failure", "/nowhere", op)
	take("system-fine", "/system", op)
	h.health, h.Ills = illSystem(h), []string{"reports are 3 minutes behind: the warehouse process was killed (signal 9); 91,204 records are waiting, 0 a second are loaded"}
	take("system-trouble", "/system", op)
	take("advertisers-trouble", "/advertisers", op)
	h.health, h.Ills = system.Health{}, nil
	shown := []chromedp.Action[chromedp.Void]{
		chromedp.Click(chromedp.CSS(".keys .ask summary")), chromedp.SendKeys(chromedp.CSS("#f-show4password"), paneltest.Password),
		chromedp.Click(chromedp.CSS(".ask[open] .button.main")), chromedp.WaitVisible(chromedp.CSS("#key")),
		chromedp.Click(chromedp.CSS(".more summary")), chromedp.Click(chromedp.CSS(".me summary")),
	}
	take("tracking-shown", page.TrackingPath(id), adv, shown...)
	take("campaign-wrong", "/campaigns/1", op, chromedp.SendKeys(chromedp.CSS("#f-window"), "x"),
		chromedp.SendKeys(chromedp.CSS("#f-default_value"), ",5"), chromedp.Click(chromedp.CSS(`button[value="preview"]`)),
		chromedp.WaitVisible(chromedp.CSS(".notice.bad")))
}

func operatorPages(h *stage) map[string]string {
	pages := map[string]string{
		"advertisers": "/advertisers", "advertiser-new": "/advertisers/new", "advertiser": "/advertisers/1?done=saved",
		"tracking": "/advertisers/1/tracking", "campaigns": "/campaigns", "campaign-new": "/campaigns/new?account=1",
		"campaign": "/campaigns/1", "postbacks": "/postbacks", "postbacks-one": "/postbacks?account=1&outcome=refused", "settings": "/settings",
		"settings-people": "/settings/people", "settings-person": "/settings/people/1", "settings-tokens": "/settings/tokens",
		"overview": "/overview", "reports": "/reports?by=hour&range=today&compare=previous",
		"reports-table":    "/reports?by=campaign%2Csub1&range=today&where=source%3Drunative&metrics=clicks%2Cconversions%2Cvalue%2Ccr%2Cepc%2Cacceptance",
		"reports-wrong":    "/reports?by=contry&tz=Mars&where=country%3DGermany",
		"settings-notices": "/settings/notices", "advertiser-erase": "/advertisers/1/erase",
		"settings-installation": "/settings/installation", "settings-factor": "/settings/second-factor",
		"conversions": "/conversions", "conversion": "/conversions/1", "conversions-change": "/conversions/change",
	}
	pages["start"], pages["setup"], pages["try"], pages["console"] = "/start", "/setup", "/advertisers/1/test", "/advertisers/1/console"
	pages["trial"] = triedOut(h, h.Catalog.View().Campaigns[0].Campaign, "mara")
	pages["postbacks-groups"], pages["postbacks-none"] = "/postbacks?group=reason", "/postbacks?lead=nobody&range=today"
	pages["postbacks-wrong"] = "/postbacks?sender=nowhere&from=soon"
	for _, row := range recent(h) {
		if row.Verdict.Outcome == homing.Refused {
			pages["postback-replay"] = "/postbacks/" + row.Request.String() + "/replay"
		}
		pages["postback-"+row.Verdict.Outcome.String()] = "/postbacks/" + row.Request.String()
	}
	return pages
}

func photograph(ctx context.Context, h *stage, b *paneltest.Browser, path, theme string, width int64, file string, then ...chromedp.Action[chromedp.Void]) error {
	err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), walktest.As(h.House, b, theme),
		chromedp.Navigate(h.Server.URL+path), chromedp.Steps(then...), chromedp.Sleep(50*time.Millisecond))
	if err != nil {
		return err
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}

// furnish fills a house with what a few days leave behind.
func furnish(h *stage) {
	north, harbour := h.Account("Northwind Traders"), h.Account("Harbour & Söhne GmbH")
	h.Account("Tiny Apps")
	spring, brand := h.Campaign(north.ID, "Spring sale – DE"), h.Campaign(harbour.ID, "Brand search")
	_, err := h.Catalog.UpdateCampaign(h.Context(), "test", brand.ID, func(c *homing.Campaign) {
		c.Status, c.Hold, c.Ref = homing.CampaignPaused, true, "bs-2044"
	})
	h.Must(err)
	visitors(h, spring, brand)
	first := h.Catalog.View().KeysOf(north.ID)[0].ID
	_, _, err = h.Catalog.RotateKey(h.Context(), "test", north.ID, "Voluum", 30*24*time.Hour)
	h.Must(err)
	h.Catalog.NoteKeyUse(first, h.Millis(), netip.MustParseAddr("203.0.113.0"), false)
	h.Pass(40 * time.Minute)
	h.Call(spring, nil)
	h.Pass(3 * time.Minute)
	h.Call(spring, func(p *homing.Postback) {
		p.Lead, p.Verdict.Flags, p.Key = "order-99321", homing.FlagOldKey, first
		p.Target += "&lead_code=order-99321&key=key:3fa9c1"
	})
	h.Call(brand, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Late, Reason: homing.ReasonLate, Flags: homing.FlagDefaultValue}
	})
	h.Pass(90 * time.Second)
	h.Call(spring, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Duplicate, Reason: homing.ReasonDuplicateValue, Flags: homing.FlagValueDiffers}
	})
	refused := func(reason homing.Reason, target string) {
		h.Pass(41 * time.Second)
		h.Call(spring, func(p *homing.Postback) {
			p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: reason, Flags: homing.FlagAccountUnverified}
			p.Target, p.Value, p.Click, p.Origin, p.Campaign = target, homing.Value{}, homing.ClickID{}, homing.Origin{}, 0
			p.HTTPS = false
		})
	}
	refused(homing.ReasonCodeMacro, "/api/v1/cpa/action/%7Bexternalid%7D?value=2.10&account="+north.PublicID)
	refused(homing.ReasonCodeCut, "/api/v1/cpa/action/6f1e0a4b9c2d7e8f001122334455?account="+north.PublicID)
	refused(homing.ReasonValueComma, "/api/v1/cpa/action/"+strings.Repeat("6f1e0a4b9c", 4)+"?value=2,10&account="+north.PublicID)
	h.Pass(12 * time.Second)
	h.Load()
}

// illSystem is an installation whose warehouse is away.
func illSystem(h *stage) system.Health {
	now := homing.MillisOf(h.Time())
	return system.Health{
		Version:  "1.4.0",
		Versions: []system.Fact{{Label: "homing", Value: "1.4.0"}, {Label: "Go", Value: "1.26.0"}, {Label: "SQLite", Value: "3.51.1"}, {Label: "DuckDB", Value: "1.5.5"}},
		Disk:     &disk.State{Space: disk.Space{Free: 7 << 30, Total: 120 << 30}, Full: 80 * time.Hour, Seen: 60 * time.Hour},
		Certificates: []system.Certificate{
			{Listener: "clicks and postbacks", File: "/etc/homing/t.example.com.pem", Names: []string{"t.example.com", "*.t.example.com"}, Issuer: "R11", Ends: now + 9*86_400_000},
			{Listener: "panel", File: "/var/lib/homing/tls/self-signed.crt", Names: []string{"localhost", "127.0.0.1", "::1"}, Ends: now + 300*86_400_000, SelfSigned: true, Ours: true},
		},
		Retention: []system.Fact{{Label: "Single clicks", Value: "400d (--keep-clicks)"}, {Label: "Postback log", Value: "400d (--keep-postbacks)"}, {Label: "Archive", Value: "kept, as Parquet, as long as clicks"}},
		Failures: []notice.Failure{
			{Channel: "mail", To: "ops@example.com", Problem: "sending SMTP RCPT TO command: 450 4.2.1 The mailbox is busy, try again later", Tries: 3, Last: now - 400_000, Next: now + 500_000},
			{Account: 1, Channel: "webhook", Problem: "hooks.northwind.example answered 500", Tries: 8, Last: now - 3_000_000},
		},
		Notices: []string{"reports were up to 40 seconds behind (the warehouse process was silent for 30 s and was killed); caught up at 08:17 UTC (2026-03-02 08:17 UTC)"},
		Parts: []system.Part{
			{Name: "Doors", What: "take clicks and postbacks", Facts: []system.Fact{{Label: "Plain http", Value: "http://127.0.0.1:8080"}, {Label: "https", Value: "https://t.example.com"}, {Label: "Node", Value: "1"}}},
			{Name: "Ledger", What: "decides what counts, and keeps settings and conversions", Facts: []system.Fact{{Label: "Disk", Value: "312 MiB"}}},
			{Name: "Spool", What: "keeps every click and call from the moment it is answered", Facts: []system.Fact{{Label: "Records kept", Value: "21,882,104"}, {Label: "Ever taken", Value: "402,118,773"}}},
			{
				Name: "Warehouse", What: "answers reports and lists", Trouble: "the warehouse process was killed (signal 9)", Since: now - 190_000,
				Facts: []system.Fact{{Label: "Behind", Value: "91,204 records, 3m10s"}, {Label: "Complete up to", Value: (now - 190_000).String()}, {Label: "Loaded a second", Value: "0"}, {Label: "Disk", Value: "7 GiB"}},
			},
		},
		Incidents: []system.Incident{
			{From: now - 7_200_000, Until: now - 7_170_000, Part: "Warehouse", What: "the warehouse process was silent for 30 s and was killed"},
			{From: now - 90_000_000, Until: now - 89_900_000, Part: "Warehouse", What: "the disk is full: couldn't write to warehouse.duckdb.wal: no space left on device"},
		},
	}
}
