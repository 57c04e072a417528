package panel

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
)

// TestScreenshotsOfTrying takes pictures of the checklist, the test, the console
// and the demo, see TestScreenshots.
func TestScreenshotsOfTrying(t *testing.T) {
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	if dir == "" {
		t.Skip("set HOMING_TEST_SCREENSHOTS to a folder to take pictures of every page")
	}
	h := newHouse(t)
	ctx := walktest.Open(t).Ctx
	take := func(name, path string, b *paneltest.Browser, then ...chromedp.Action[chromedp.Void]) {
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{1440, 390} {
				file := filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, theme, width))
				h.Must(photograph(ctx, h, b, path, theme, width, file, then...))
			}
		}
	}
	op := h.Operator()
	take("setup", "/setup", op)
	take("home-empty", "/", op)
	a := h.Account("Northwind Traders")
	test := page.AdvertiserPath(a.ID) + "/test"
	take("try-empty", test, op)
	c := h.Campaign(a.ID, "Spring sale – DE")
	mara := h.Advertiser(a.ID, "mara@northwind.example")
	take("home-adv", "/", mara)
	take("try", test, mara)
	made, err := h.Trials.Begin(h.Context(), h.Catalog.View().Campaign(c.ID), map[string]string{"sub1": "mara"})
	h.Must(err)
	trial := test + "/" + made.Click.ID.String()
	h.Pass(40 * time.Second)
	take("trial-waiting", trial, mara)
	h.Call(c, func(p *homing.Postback) {
		p.Click, p.Origin, p.Campaign, p.Value = homing.ClickID{}, homing.Origin{}, 0, homing.Value{}
		p.Target = "/api/v1/cpa/action/%7Bexternalid%7D?value=2.10&account=" + a.PublicID
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeMacro, Flags: homing.FlagAccountUnverified}
	})
	h.Pass(20 * time.Second)
	take("trial-astray", trial, mara)
	h.Call(c, func(p *homing.Postback) {
		p.Click, p.Origin, p.Value = made.Click.ID, made.Click.Origin, homing.Value{}
		p.Target = "/api/v1/cpa/action/" + made.Click.ID.String() + "?value=2,10&account=" + a.PublicID
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma, Flags: homing.FlagTest}
	})
	take("trial-refused", trial, mara)
	h.Pass(50 * time.Second)
	h.Call(c, func(p *homing.Postback) {
		p.Click, p.Origin = made.Click.ID, made.Click.Origin
		p.Target = "/api/v1/cpa/action/" + made.Click.ID.String() + "?value=2.10&account=" + a.PublicID
		p.Verdict.Flags = homing.FlagTest
	})
	take("trial-passed", trial, op)
	take("home-nearly", "/", op)
	take("console", page.AdvertiserPath(a.ID)+"/console", mara)
	take("console-found", page.AdvertiserPath(a.ID)+"/console", mara,
		chromedp.SendKeys(chromedp.CSS("#f-call"), "curl 'http://127.0.0.1:8080/api/v1/cpa/action/"+h.Click(c, nil).ID.String()+"?value=2.10'"),
		chromedp.Click(chromedp.CSS("main .button.main")), chromedp.WaitVisible(chromedp.CSS("#finding")))
	h.Must(h.Demo.Fill("test"))
	for h.Demo.State().Running {
		time.Sleep(10 * time.Millisecond)
	}
	take("home-demo", "/start", op)
	h.Call(c, nil)
	take("home-done", "/start", op)
}
