package panel

import (
	"testing"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
	"homing/internal/flow/journal"
)

func recent(h *stage) []journal.Entry { return h.Journal.Recent(journal.Filter{}, 1000) }

// TestAFirstDayInABrowser walks from the set-up link to the first postback in
// the log, in every look, and listens to the console meanwhile.
func TestAFirstDayInABrowser(t *testing.T) {
	chrome := walktest.Open(t)
	for _, look := range walktest.Looks {
		t.Run(look.String(), func(t *testing.T) {
			h := newHouse(t)
			w := chrome.Walk(t, h.House, look)
			w.As(h.Stranger())
			link, err := h.SignIn.SetUpLink(h.Context())
			h.Must(err)

			w.Open(h.Path(link))
			w.Leave(`button[value="` + look.Theme + `"]`)
			w.See(`html[data-theme="` + look.Theme + `"] .door`)
			w.Write("#f-email", "ann@example.com")
			w.Write("#f-password", paneltest.Password)
			w.Click(".door .button.main")

			w.See("#f-zone")
			w.Click(".actions .button.main")
			w.Click(".home-steps .button.main")
			w.Write("#f-name", "Northwind Traders")
			w.Click(`input[name="multi_lead"]`)
			w.Click(".actions .button.main")

			w.Click(".notice .button")
			w.See("#f-url") // the page before has a #f-name, too
			w.Write("#f-name", "Spring sale")
			w.Write("#f-url", "https://shop.example/?clickid={click_id}")
			w.Click(".actions .button.main")
			w.See("#click")

			account := h.Accounts()[0]
			w.Open(page.TrackingPath(account.ID))
			w.See("#pb-leads .macro")
			w.Click(".keys .ask summary")
			w.Write("#f-show1password", paneltest.Password)
			w.Click(".ask[open] .button.main")
			w.See("#key")
			secret, err := h.Catalog.RevealKey(t.Context(), "test", account.ID, 1)
			h.Must(err)
			if got := w.Text("#key"); got != secret.Reveal() {
				t.Error("the key that is shown is not the key")
			}
			w.See(`button[data-copy="key"]:not([hidden])`)

			h.Call(h.Catalog.View().Campaigns[0].Campaign, nil)
			if look.Width < 500 {
				w.Click(".menu")
			}
			w.Click(`.nav a[href="/postbacks"]`)
			w.See(".badge.counted")
			w.Click(".log tbody a")
			if got := w.Text("h1"); got != "The conversion was counted and approved." {
				t.Errorf("the detail's heading is %q", got)
			}
			chrome.Quiet(t)
		})
	}
}
