package panel

import (
	"strings"
	"testing"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/walktest"
)

// TestATrackerIsConnectedInABrowser chooses a tracker, writes its line into the
// campaign, and has a pasted postback mended, in every look.
func TestATrackerIsConnectedInABrowser(t *testing.T) {
	chrome := walktest.Open(t)
	for _, look := range walktest.Looks {
		t.Run(look.String(), func(t *testing.T) {
			h := newHouse(t)
			op := h.Operator()
			furnish(h)
			w := chrome.Walk(t, h.House, look)
			w.As(op)
			look := func(name string) { w.Shot("tracking-" + name) }
			w.Open(page.TrackingPath(1))
			look("start")

			w.Choose("#f-tracker", "everflow")
			w.See("#pb .macro") // the page asks by itself
			w.Choose("#f-campaign", "1")
			w.See("#appended .macro")
			look("everflow")
			w.Click(`#connect form[action*="/append"] button`)
			w.See(".notice.good")
			if got := w.Text("#connect .badge.counted"); got == "" {
				t.Error("it is not told that the line is in the campaign's URL")
			}
			w.Choose("#f-tracker", "keitaro") // takes whatever name the campaign sends
			w.Expect(`document.querySelector("#connect .badge.counted") && document.querySelector("#pb").textContent.includes("{external_id}")`)
			look("keitaro")
			w.Click(`#connect .choices a[href*="form=leads"]`)
			w.See(`#connect .choices a[href*="form=leads"][aria-current]`)
			w.See(`#keys:has(form[action*="form=leads"])`) // the rest of the page goes along
			if got := w.Text("#example"); !strings.Contains(got, "lead_code") {
				t.Errorf("the example is %s", got)
			}
			look("leads")

			w.Write("#f-url", "http://127.0.0.1:8080/api/v1/cpa/action/{click_id}?payout={payout}&amp;lead_code={tid}")
			w.Click("#repair form button")
			if got, want := w.Text("#mended"), "https://127.0.0.1:8443/api/v1/cpa/action/{external_id}?value={revenue}&lead_code={tid}&key={secret_key}&account="+h.Accounts()[0].PublicID; got != want {
				t.Errorf("mended to %s, want %s", got, want)
			}
			look("mended")
			for state, path := range map[string]string{
				"guide": "?tracker=funnelflux", "other": "?tracker=other&param=cid&click=" + "%7Bx%7D&value=a%20b", "php": "?tracker=server&form=leads&lang=php#code",
			} {
				w.Open(page.TrackingPath(1) + path)
				look(state)
			}
			w.Open(page.TrackingPath(1))
			w.Write("#f-senders", "192.0.2.0/24")
			w.Click("#senders form button")
			w.See(`#senders input[name="sure"]`)
			look("senders")
			chrome.Quiet(t, "status of 422") // a form that was asked about once more
		})
	}
}
