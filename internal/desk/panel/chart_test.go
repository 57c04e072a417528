package panel

import (
	"fmt"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/walktest"
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
	walktest.Open(t).InEveryLook(t, h.House, func(w *walktest.Walk) {
		w.As(op)
		w.Open("/overview")
		w.See("figure.chart canvas")
		w.Expect(`document.querySelectorAll("canvas").length === 2 && ` + inked)
		w.Shot("overview-chart")

		w.Open("/reports?by=hour&range=today&compare=previous")
		w.See("figure.chart canvas")
		w.Expect(inked)
		w.Shot("reports-chart")
		w.Evaluate(`window.stayed = true; window.before = document.querySelector("canvas").toDataURL()`)
		w.Click(`.chart-head button:nth-child(3)`) // another figure
		w.Expect(inked + ` && document.querySelector("canvas").toDataURL() !== window.before`)
		w.Evaluate(`window.before = document.querySelector("canvas").toDataURL();
			document.documentElement.dataset.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark"`)
		w.Expect(`document.querySelector("canvas").toDataURL() !== window.before`)

		w.Open("/reports?by=sub1&range=today&metrics=clicks")
		w.Evaluate(`window.stayed = true`)
		w.See("#report")
		if answered := w.Has("#report details.ask-fold[open]"); answered {
			w.T().Error("the question stands open above its answer")
		}
		w.Click(`.report tbody th a`)
		w.See(`.chip a`)
		w.Expect(`window.stayed && location.search.includes("where=")`)
		w.Expect(settled)
		w.Evaluate(`document.activeElement.blur(); document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true}))`)
		w.Expect(`window.stayed && !document.querySelector(".chip") && !location.search.includes("where=")`)
		w.Expect(settled)
		w.Click(`.report tr[data-opens] td.number`)
		w.Expect(`window.stayed && location.search.includes("by=account")`)
		w.Expect(settled)
		w.Evaluate(`document.querySelector("#f-span").value = "yesterday"; document.querySelector("#f-show").click()`)
		w.Expect(`window.stayed && location.search.includes("range=yesterday")`)
		w.Evaluate(`history.back()`)
		w.Expect(`location.search.includes("range=today") && document.querySelector("#f-span").value === "today"`)
	})
}

const (
	// inked tells that something was painted on every canvas.
	inked = `[...document.querySelectorAll("canvas")].every(c => c.width > 100 && c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v > 0))`
	// settled tells that what was loaded has been taken in: a moment before,
	// links lead to pages as without script.
	settled = `!document.querySelector("[class*=htmx-]")`
)

// With no bundle, or no script, the pages have the same figures.
func TestChartsComeWithTheirFigures(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	traffic(h)
	op.Get("/reports?by=hour&range=today").Want(ok).Has(`<figure class="chart" data-chart hidden>`, "<noscript>", "<tfoot>")
}
