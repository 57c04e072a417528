package panel

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/walktest"
)

// TestTheLiveViewInABrowser watches calls come in, in every look: at once while
// nobody reads, behind a button while the list is paused.
func TestTheLiveViewInABrowser(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	furnish(h)
	campaign := h.Catalog.View().Campaigns[0].Campaign
	row := func(id homing.RequestID) string { return "#r-" + id.String() }
	refused := func() homing.RequestID {
		h.Pass(time.Second)
		return h.Call(campaign, func(p *homing.Postback) {
			p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma}
		})
	}
	walktest.Open(t).InEveryLook(t, h.House, func(w *walktest.Walk) {
		w.As(op)
		w.Open("/postbacks?outcome=refused")
		w.Click("[data-live-go]")
		w.See(`[data-live-go][aria-pressed="true"]`)
		w.See("[data-live-pause]:not([hidden])")
		h.Pass(time.Second)
		w.See(".pb-live-said")
		w.Do("wait until it listens", chromedp.Sleep(300*time.Millisecond))
		h.Call(campaign, nil) // fits no filter
		w.See(row(refused()))
		w.Click("[data-live-pause]")
		second, third := refused(), refused()
		w.Expect(`document.querySelector("[data-live-newer]").textContent === "2 newer"`)
		if w.Has(row(second)) {
			w.T().Error("a row came in while the list was paused")
		}
		w.Shot("postbacks-live")
		w.Click("[data-live-newer]")
		w.See(row(third))
		w.Expect(fmt.Sprintf(`document.querySelector(".log tbody tr").id === %q`, row(third)[1:]))
		w.Click("[data-live-go]")
		w.See(`[data-live-go][aria-pressed="false"]`)
	})
}

// TestAReplayInABrowser mends a setting and replays the call that was refused for
// it.
func TestAReplayInABrowser(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	a := h.Account("Northwind Traders")
	c := h.Campaign(a.ID, "Spring sale")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", a.ID, func(a *homing.Account) { a.PriceMax = 300 * homing.Unit })
	h.Must(err)
	walktest.Open(t).InEveryLook(t, h.House, func(w *walktest.Walk) {
		h.Pass(time.Hour)
		id := h.Call(c, func(p *homing.Postback) { // before the range was mended
			p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueAbove}
			p.Target, p.Value = "/api/v1/cpa/action/"+p.Click.String()+"?value=250", homing.Value{}
		})
		w.As(op)
		w.Open("/postbacks")
		w.Click("#r-" + id.String() + " a")
		w.Click(".head .button")
		w.See(".pb-would .badge.counted")
		w.Shot("replay")
		w.Write("#f-why", "The range was too narrow")
		w.Click(".actions .button.main")
		w.See(".notice.good")
		if got := w.Text("h1"); got != "The conversion was counted and approved." {
			w.T().Errorf("the replay's heading is %q", got)
		}
		w.See(".history .badge.approved")
	})
}
