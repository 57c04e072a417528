package panel

import (
	"testing"
	"time"

	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
)

// TestTheSecondFactorInABrowser switches it on with the code of an app, signs out
// and in again, and gets in with a recovery code when the telephone is lost.
func TestTheSecondFactorInABrowser(t *testing.T) {
	chrome := walktest.Open(t)
	for _, look := range walktest.Looks {
		t.Run(look.String(), func(t *testing.T) {
			h := newHouse(t)
			w := chrome.Walk(t, h.House, look)
			w.As(h.Operator())
			w.Open("/settings")
			w.Click(`#second-factor .button.main`)
			w.See("img.qr")
			w.Expect(`document.querySelector("img.qr").complete && document.querySelector("img.qr").naturalWidth > 100`)
			w.Shot("second-factor")
			key := w.Text("#factor-key")
			w.Write("#f-code", paneltest.Code(key, h.Time()))
			w.Write("#f-password", paneltest.Password)
			w.Click(".actions .button.main")
			codes := w.Text("#codes")
			w.See(`button[data-copy="codes"]:not([hidden])`)

			signIn := func(code string) {
				t.Helper()
				w.Open("/settings")
				w.Write("#f-email", "ann@example.com")
				w.Write("#f-password", paneltest.Password)
				w.Click(".door .button.main")
				w.See(`form[action="/signin/code"]`)
				w.Write("#f-code", code)
				w.Click(".door .button.main")
				w.See("#second-factor .badge.active")
			}
			signOut := func() {
				t.Helper()
				w.Click(".me summary")
				w.Click(`form[action="/signout"] button`)
				w.See(".door")
				h.Pass(time.Minute)
			}
			w.Open("/settings")
			signOut()
			signIn(paneltest.Code(key, h.Time()))
			signOut()
			signIn(codes[:19])
			chrome.Quiet(t)
		})
	}
}
