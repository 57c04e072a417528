package panel

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing/internal/desk/panel/paneltest"
)

// TestTheSecondFactorInABrowser switches it on with the code of an app, signs out
// and in again, and gets in with a recovery code when the telephone is lost.
func TestTheSecondFactorInABrowser(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1440, 390} {
			t.Run(theme, func(t *testing.T) {
				h := newHouse(t)
				ctx := openBrowser(t)
				complaints := listen(t, ctx)
				w := walk{t, ctx, h}
				h.Must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), cookies(h, h.Operator(), theme)))

				w.open("/settings")
				w.click(`#second-factor .button.main`)
				w.see("img.qr")
				drawn, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector("img.qr").decode().then(() => document.querySelector("img.qr").naturalWidth > 100)`, chromedp.EvalAwaitPromise))
				h.Must(err)
				if !drawn {
					t.Error("the QR code is not drawn")
				}
				key := w.text("#factor-key")
				w.write("#f-code", paneltest.Code(key, h.Time()))
				w.write("#f-password", paneltest.Password)
				w.click(".actions .button.main")
				w.see("#codes")
				codes := w.text("#codes")
				w.see(`button[data-copy="codes"]:not([hidden])`)

				signIn := func(code string) {
					t.Helper()
					w.open("/settings")
					w.write("#f-email", "ann@example.com")
					w.write("#f-password", paneltest.Password)
					w.click(".door .button.main")
					w.see(`form[action="/signin/code"]`)
					w.write("#f-code", code)
					w.click(".door .button.main")
					w.see("#second-factor .badge.active")
				}
				signOut := func() {
					t.Helper()
					w.click(".me summary")
					w.click(`form[action="/signout"] button`)
					w.see(".door")
					h.Pass(time.Minute)
				}
				w.open("/settings")
				signOut()
				signIn(paneltest.Code(key, h.Time()))
				signOut()
				signIn(codes[:19])
				for _, c := range complaints() {
					t.Errorf("the browser says: %s", c)
				}
			})
		}
	}
}
