package panel

import (
	"context"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

// axeFile is axe-core's script, where make web installs it.
const axeFile = "../../../web/node_modules/axe-core/axe.min.js"

// TestAxe lets axe-core look at every page, as an operator, an advertiser and a
// stranger, empty and full, in both themes.
func TestAxe(t *testing.T) {
	script, err := os.ReadFile(axeFile)
	if err != nil {
		t.Skip("run make web, which installs axe-core, to check the pages' accessibility: ", err)
	}
	h := newHouse(t)
	look := axe{T: t, h: h, ctx: openBrowser(t), script: string(script) + ";true"}
	op, stranger := h.Operator(), h.Stranger()
	look.at(stranger, "/signin")
	for _, path := range []string{"/advertisers", "/postbacks", "/campaigns", "/conversions", "/audit", "/system", "/overview", "/reports", "/start", "/nowhere"} {
		look.at(op, path) // empty
	}
	w := furnishedWorld(h)
	named := w.pathNames()
	routes, _ := page.Table(h.screens()...)
	mara := h.SignedInAs("own@example.com")
	for _, r := range routes {
		path := fillIn(t, r.Pattern, named)
		if r.Method != http.MethodGet || path == "" || leaves["GET "+r.Pattern] != "" || !isPage(op, path) {
			continue
		}
		look.at(op, path)
		if r.Who != page.Operators {
			look.at(mara, path)
		}
	}
	states := operatorPages(h)
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if strings.Contains(states[name], "?") || strings.HasPrefix(name, "postback-") {
			look.at(op, states[name])
		}
	}
	h.health, h.Ills = illSystem(h), []string{"reports are 3 minutes behind"}
	look.at(op, "/system")
	op.Post("/advertisers/1/view").Want(moved)
	look.at(op, "/overview")
	if look.looks < 80 {
		t.Errorf("only %d pages were looked at", look.looks)
	}
}

// furnishedWorld is a furnished house with people and things that patterns name.
func furnishedWorld(h *stage) *world {
	furnish(h)
	w := &world{stage: h, account: *h.Accounts()[0], campaign: h.Catalog.View().Campaigns[0].Campaign, conversion: 1}
	w.request = recent(h)[0].Request
	w.key = h.Catalog.View().KeysOf(w.account.ID)[0].ID.String()
	h.Advertiser(w.account.ID, "own@example.com")
	h.Reader(w.account.ID, "reader@example.com")
	h.troubleWith("ledger.db is damaged at page 3712")
	u, err := h.Ledger.UserByEmail(h.Context(), "reader@example.com")
	h.Must(err)
	h.Must(h.Ledger.PutSession(h.Context(), ledger.Session{
		Token: ledger.TokenHash{1}, User: u.ID, Created: h.Millis() - 1, Expires: h.Millis() + homing.Millis(1e9), Addr: "203.0.113.7", UserAgent: "Firefox",
	}))
	return w
}

// isPage tells whether a path answers with HTML; streams and files do not.
func isPage(b *paneltest.Browser, path string) bool {
	return strings.HasPrefix(b.Get(path+"?once").Header.Get("Content-Type"), "text/html")
}

// axe looks at pages.
type axe struct {
	*testing.T
	h      *stage
	ctx    context.Context
	script string
	looks  int
}

// at looks at a page in both themes: wide in one and narrow in the other, and the
// next page the other way round.
func (x *axe) at(b *paneltest.Browser, path string) {
	x.Helper()
	x.looks++
	wide, narrow := "light", "dark"
	if x.looks%2 == 0 {
		wide, narrow = narrow, wide
	}
	x.in(wide, 1440, b, path)
	x.in(narrow, 390, b, path)
}

func (x *axe) in(theme string, width int64, b *paneltest.Browser, path string) {
	x.Helper()
	x.h.Must(chromedp.Do(x.ctx, chromedp.EmulateViewport(width, 900), cookies(x.h, b, theme), chromedp.Navigate(x.h.Server.URL+path)))
	_, err := chromedp.Run(x.ctx, chromedp.Evaluate[bool](x.script))
	x.h.Must(err)
	found, err := chromedp.Run(x.ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.map(
		v => v.impact + " " + v.id + ": " + v.nodes.map(n => n.target + " " + (n.any[0]?.message ?? "")).join(" | ")))`, chromedp.EvalAwaitPromise))
	x.h.Must(err)
	for _, v := range found {
		x.Errorf("%s, %s, %d px: %s", path, theme, width, v)
	}
}
