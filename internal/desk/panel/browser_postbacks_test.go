package panel

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
)

// TestTheLiveViewInABrowser watches calls come in, in both themes and widths: at
// once while nobody reads, behind a button while the list is paused.
func TestTheLiveViewInABrowser(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	furnish(h)
	campaign := h.Catalog.View().Campaigns[0].Campaign
	ctx := openBrowser(t)
	complaints := listen(t, ctx)
	w := walk{t, ctx, h}
	row := func(id homing.RequestID) string { return "#r-" + id.String() }
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1440, 390} {
			w.do("size", chromedp.EmulateViewport(width, 900))
			w.do("cookies", cookies(h, op, theme))
			w.open("/postbacks?outcome=refused")
			w.click("[data-live-go]")
			w.see(`[data-live-go][aria-pressed="true"]`)
			w.see("[data-live-pause]:not([hidden])")
			h.Pass(time.Second)
			if got := w.text(".pb-live-said"); got != "" { // connected
				w.do("wait", chromedp.Sleep(300*time.Millisecond))
			}
			h.Call(campaign, nil) // fits no filter
			refused := func() homing.RequestID {
				h.Pass(time.Second)
				return h.Call(campaign, func(p *homing.Postback) {
					p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma}
				})
			}
			first := refused()
			w.see(row(first))
			w.click("[data-live-pause]")
			second, third := refused(), refused()
			w.see(".pb-newer:not([hidden])")
			w.do("wait", chromedp.Sleep(700*time.Millisecond))
			if got := w.text("[data-live-newer]"); got != "2 newer" {
				t.Errorf("the button says %q", got)
			}
			there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](fmt.Sprintf("!!document.querySelector(%q)", row(second))))
			h.Must(err)
			if there {
				t.Error("a row came in while the list was paused")
			}
			w.picture(fmt.Sprintf("postbacks-live-%s-%d.png", theme, width))
			w.click("[data-live-newer]")
			w.see(row(third))
			order, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector(".log tbody tr").id`))
			h.Must(err)
			if order != row(third)[1:] {
				t.Errorf("the newest row is not the first: %s", order)
			}
			w.click("[data-live-go]")
			w.see(`[data-live-go][aria-pressed="false"]`)
		}
	}
	for _, c := range complaints() {
		t.Errorf("the browser says: %s", c)
	}
}

// TestAReplayInABrowser mends a setting and replays the call that was refused for
// it.
func TestAReplayInABrowser(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	a := h.Account("Northwind Traders")
	c := h.Campaign(a.ID, "Spring sale")
	id := h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueAbove}
		p.Target, p.Value = "/api/v1/cpa/action/"+p.Click.String()+"?value=250", homing.Value{}
	})
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", a.ID, func(a *homing.Account) { a.PriceMax = 300 * homing.Unit })
	h.Must(err)
	h.Pass(time.Hour)
	ctx := openBrowser(t)
	complaints := listen(t, ctx)
	w := walk{t, ctx, h}
	w.do("cookies", cookies(h, op, "light"))
	w.open("/postbacks")
	w.click("#r-" + id.String() + " a")
	w.click(".head .button")
	w.see(".pb-would .badge.counted")
	w.write("#f-why", "The range was too narrow")
	w.click(".actions .button.main")
	w.see(".notice.good")
	if got := w.text("h1"); got != "The conversion was counted and approved." {
		t.Errorf("the replay's heading is %q", got)
	}
	w.see(".history .badge.approved")
	for _, c := range complaints() {
		t.Errorf("the browser says: %s", c)
	}
}

// picture takes one of what is seen, if pictures are wanted.
func (w walk) picture(name string) {
	w.t.Helper()
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	w.h.Must(err)
	w.h.Must(os.WriteFile(filepath.Join(dir, name), picture, 0o644))
}
