package panel

import (
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"

	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAxe lets axe-core look at every page, in both themes, roles and widths.
// HOMING_TEST_AXE names its script, which is not part of this repository.
func TestAxe(t *testing.T) {
	file := os.Getenv("HOMING_TEST_AXE")
	if file == "" {
		t.Skip("set HOMING_TEST_AXE to axe.min.js (npm pack axe-core) to check the pages' accessibility")
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	ctx := openBrowser(t)
	op, stranger := h.Operator(), h.Stranger()
	pages := map[string]*paneltest.Browser{"/advertisers": op, "/postbacks": op, "/campaigns": op, "/system": op, "/signin": stranger, "/nowhere": op}
	check := func() {
		for path, who := range pages {
			for _, theme := range []string{"light", "dark"} {
				for _, width := range []int64{1440, 390} {
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
	for _, path := range []string{"/campaigns/1", "/campaigns", "/postbacks", page.TrackingPath(1), "/you"} {
		pages[path] = mara
	}
	check()
}
