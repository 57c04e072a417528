package panel

import (
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"

	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// axeFile is axe-core's script, where make web installs it.
const axeFile = "../../../web/node_modules/axe-core/axe.min.js"

// TestAxe lets axe-core look at every page, in both themes, roles and widths.
func TestAxe(t *testing.T) {
	script, err := os.ReadFile(axeFile)
	if err != nil {
		t.Skip("run make web, which installs axe-core, to check the pages' accessibility: ", err)
	}
	h := newHouse(t)
	ctx := openBrowser(t)
	op, stranger := h.Operator(), h.Stranger()
	pages := map[string]*paneltest.Browser{"/advertisers": op, "/postbacks": op, "/campaigns": op, "/system": op, "/signin": stranger, "/nowhere": op, "/overview": op, "/reports": op}
	check := func() {
		for path, who := range pages {
			for theme, width := range map[string]int64{"light": 1440, "dark": 390} {
				h.Must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), cookies(h, who, theme), chromedp.Navigate(h.Server.URL+path)))
				_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](string(script)+";true"))
				h.Must(err)
				found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(
					v => v.impact + " " + v.id + ": " + v.nodes.map(n => n.target + " " + (n.any[0]?.message ?? "")).join(" | ")))`, chromedp.EvalAwaitPromise))
				h.Must(err)
				for _, v := range found {
					t.Errorf("%s, %s, %d px: %s", path, theme, width, v)
				}
			}
		}
	}
	check() // empty
	furnish(h)
	clear(pages)
	for _, path := range operatorPages(h) {
		pages[path] = op
	}
	check()
	clear(pages)
	mara := h.Advertiser(1, "mara@northwind.example")
	for _, path := range []string{"/overview", "/reports?by=campaign,day", "/campaigns/1", "/campaigns", "/postbacks", page.TrackingPath(1), "/settings", "/settings/people", "/settings/tokens", "/settings/second-factor"} {
		pages[path] = mara
	}
	check()
}
