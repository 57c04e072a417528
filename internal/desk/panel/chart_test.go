package panel

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
)

// visitors come on two campaigns for 36 hours, and some of them convert.
func visitors(h *stage, one, other homing.Campaign) {
	for hour := range 36 {
		for i := range 3 + (hour*7)%11 {
			c := one
			if i%3 == 0 {
				c = other
			}
			h.Click(c, func(click *homing.Click) {
				click.Params[homing.ParamSub1] = fmt.Appendf(nil, "placement-%d", i%4)
				click.Params[homing.ParamSource] = []byte([]string{"runative", "native-ads"}[i%2])
			})
		}
		if hour%2 == 0 {
			h.Call(one, nil)
		}
		h.Pass(time.Hour)
	}
}

// traffic is a house with visitors.
func traffic(h *stage) {
	north := h.Account("Northwind Traders")
	spring, brand := h.Campaign(north.ID, "Spring sale – DE"), h.Campaign(north.ID, "Brand search")
	visitors(h, spring, brand)
	h.Call(brand, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma}
	})
	h.Load()
}

// TestChartsAreDrawnAndReportsAreWalkedThrough looks at the canvas itself, and
// listens to the console.
func TestChartsAreDrawnAndReportsAreWalkedThrough(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	traffic(h)
	ctx := openBrowser(t)
	complaints := listen(t, ctx)
	w := walk{t, ctx, h}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1440, 390} {
			h.Must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), cookies(h, op, theme)))

			w.open("/overview")
			w.see("figure.chart canvas")
			w.expect(`document.querySelectorAll("canvas").length === 2 && `+inked, true)
			w.expect(fits, true)

			w.open("/reports?by=hour&range=today&compare=previous")
			w.see("figure.chart canvas")
			w.expect(inked, true)
			w.expect(fits, true)
			w.evaluate(`window.stayed = true; window.before = document.querySelector("canvas").toDataURL()`)
			w.click(`.chart-head button:nth-child(3)`) // another figure
			w.expect(inked+` && document.querySelector("canvas").toDataURL() !== window.before`, true)
			w.evaluate(`window.before = document.querySelector("canvas").toDataURL();
				document.documentElement.dataset.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark"`)
			w.expect(`document.querySelector("canvas").toDataURL() !== window.before`, true)

			w.open("/reports?by=sub1&range=today&metrics=clicks")
			w.evaluate(`window.stayed = true`)
			w.click(`.report tbody th a`)
			w.see(`.chip a`)
			w.expect(`window.stayed && location.search.includes("where=")`, true)
			w.expect(settled, true)
			w.evaluate(`document.activeElement.blur(); document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true}))`)
			w.expect(`window.stayed && !document.querySelector(".chip") && !location.search.includes("where=")`, true)
			w.expect(settled, true)
			w.click(`.report tr[data-opens] td.number`)
			w.expect(`window.stayed && location.search.includes("by=account")`, true)
			w.expect(settled, true)
			w.evaluate(`document.querySelector("#f-span").value = "yesterday"; document.querySelector("#f-show").click()`)
			w.expect(`window.stayed && location.search.includes("range=yesterday")`, true)
			w.evaluate(`history.back()`)
			w.expect(`location.search.includes("range=today") && document.querySelector("#f-span").value === "today"`, true)
		}
	}
	for _, c := range complaints() {
		t.Errorf("the browser says: %s", c)
	}
}

const (
	// inked tells that something was painted on every canvas.
	inked = `[...document.querySelectorAll("canvas")].every(c => c.width > 100 && c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v > 0))`
	// settled tells that what was loaded has been taken in: a moment before,
	// links lead to pages as without script.
	settled = `!document.querySelector("[class*=htmx-]")`
	// fits tells that the page is no wider than the window.
	fits = `document.documentElement.scrollWidth <= innerWidth`
)

// evaluate runs a script in the page.
func (w walk) evaluate(script string) {
	w.t.Helper()
	_, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](script+"; true"))
	w.h.Must(err)
}

// expect waits until an expression has the value.
func (w walk) expect(expression string, want bool) {
	w.t.Helper()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	for {
		// While a page goes, there may be nothing to ask.
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		got, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if err == nil && got == want {
			return
		}
		select {
		case <-deadline.C:
			at, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string]("location.href"))
			w.t.Fatalf("%s: %s is %v (%v), want %v", at, expression, got, err, want)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// With no bundle, or no script, the pages have the same figures.
func TestChartsComeWithTheirFigures(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	traffic(h)
	op.Get("/reports?by=hour&range=today").Want(ok).Has(`<figure class="chart" data-chart hidden>`, "<noscript>", "<tfoot>")
}
