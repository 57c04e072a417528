package panel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"homing/internal/desk/panel/page"
)

// TestATrackerIsConnectedInABrowser chooses a tracker, writes its line into the
// campaign, and has a pasted postback mended, in both themes and at two widths.
func TestATrackerIsConnectedInABrowser(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1440, 390} {
			t.Run(fmt.Sprintf("%s %d", theme, width), func(t *testing.T) {
				h := newHouse(t)
				op := h.Operator()
				furnish(h)
				ctx := openBrowser(t)
				complaints := listen(t, ctx)
				w := walk{t, ctx, h}
				h.Must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), cookies(h, op, theme)))
				w.open(page.TrackingPath(1))
				look := picture(w, theme, width)
				look("start")

				w.choose("#f-tracker", "keitaro")
				w.see("#pb .macro") // the page asks by itself
				w.choose("#f-campaign", "1")
				w.see("#appended .macro")
				look("keitaro")
				w.click(`#connect form[action*="/append"] button`)
				w.see(".notice.good")
				if got := w.text("#connect .badge.counted"); got == "" {
					t.Error("it is not told that the line is in the campaign's URL")
				}
				w.click(`#connect .choices a[href*="form=leads"]`)
				w.see(`#connect .choices a[href*="form=leads"][aria-current]`)
				w.see(`#keys:has(form[action*="form=leads"])`) // the rest of the page goes along
				if got := w.text("#example"); !strings.Contains(got, "lead_code") {
					t.Errorf("the example is %s", got)
				}
				look("leads")

				w.write("#f-url", "http://127.0.0.1:8080/api/v1/cpa/action/{click_id}?payout={payout}&amp;lead_code={tid}")
				w.click("#repair form button")
				if got, want := w.text("#mended"), "https://127.0.0.1:8443/api/v1/cpa/action/{external_id}?value={revenue}&lead_code={tid}&key={secret_key}&account="+h.Accounts()[0].PublicID; got != want {
					t.Errorf("mended to %s, want %s", got, want)
				}
				look("mended")
				for state, path := range map[string]string{
					"guide": "?tracker=funnelflux", "other": "?tracker=other&param=cid&click=" + "%7Bx%7D&value=a%20b", "php": "?tracker=server&form=leads&lang=php#code",
				} {
					w.open(page.TrackingPath(1) + path)
					look(state)
				}
				w.open(page.TrackingPath(1))
				w.write("#f-senders", "192.0.2.0/24")
				w.click("#senders form button")
				w.see(`#senders input[name="sure"]`)
				look("senders")
				for _, c := range complaints() {
					if !strings.Contains(c, "status of 422") { // a form that was asked about once more
						t.Errorf("the browser says: %s", c)
					}
				}
			})
		}
	}
}

// choose chooses an option of a list, as a person does.
func (w walk) choose(css, value string) {
	w.t.Helper()
	w.do("choose "+value, chromedp.SetValue(chromedp.CSS(css), value))
}

// picture takes pictures where HOMING_TEST_SCREENSHOTS names a folder.
func picture(w walk, theme string, width int64) func(name string) {
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	return func(name string) {
		if dir == "" {
			return
		}
		shot, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
		w.h.Must(err)
		file := filepath.Join(dir, fmt.Sprintf("tracking-%s-%s-%d.png", name, theme, width))
		w.h.Must(os.WriteFile(file, shot, 0o644))
	}
}
