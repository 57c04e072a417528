package panel

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
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
	t.Parallel() // it mostly waits
	h := newHouse(t)
	chrome := walktest.Open(t)
	tabs := []*walktest.Chrome{chrome, chrome.Beside(t)}
	for _, tab := range tabs {
		tab.Still(t)
	}
	look := axe{T: t, h: h, tabs: tabs, script: string(script) + ";true"}
	op, stranger := h.Operator(), h.Stranger()
	look.at(stranger, "/signin")
	for _, path := range []string{"/advertisers", "/postbacks", "/campaigns", "/conversions", "/audit", "/system", "/overview", "/reports", "/start", "/nowhere"} {
		look.at(op, path) // empty
	}
	look.look()
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
	look.look()
	h.health, h.Ills = illSystem(h), []string{"reports are 3 minutes behind"}
	look.at(op, "/system")
	look.look()
	op.Post("/advertisers/1/view").Want(moved)
	look.at(op, "/overview")
	look.look()
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
	tabs   []*walktest.Chrome // with cookies of their own
	script string
	asked  []view
	looks  int
}

// view is a page as somebody sees it.
type view struct {
	b            *paneltest.Browser
	path         string
	wide, narrow string // the themes
}

// at is to look at a page in both themes: wide in one and narrow in the other, and
// at the next page the other way round.
func (x *axe) at(b *paneltest.Browser, path string) {
	x.looks++
	v := view{b, path, "light", "dark"}
	if x.looks%2 == 0 {
		v.wide, v.narrow = v.narrow, v.wide
	}
	x.asked = append(x.asked, v)
}

// look looks at all that was asked for, in several windows at once, before the
// house changes.
func (x *axe) look() {
	x.Helper()
	views := make(chan view)
	var looking sync.WaitGroup
	for _, tab := range x.tabs {
		looking.Go(func() {
			for v := range views {
				if err := x.see(tab.Ctx, v); err != nil {
					x.Errorf("%s can't be looked at: %v", v.path, err)
				}
			}
		})
	}
	for _, v := range x.asked {
		views <- v
	}
	close(views)
	looking.Wait()
	x.asked = nil
}

// see asks for a page once: a theme is an attribute, and the rest is the style's.
func (x *axe) see(ctx context.Context, v view) error {
	err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), walktest.As(x.h.House, v.b, v.wide), chromedp.Navigate(x.h.Server.URL+v.path))
	if err != nil {
		return err
	}
	if _, err = chromedp.Run(ctx, chromedp.Evaluate[bool](x.script)); err != nil {
		return err
	}
	if err := x.judge(ctx, v.path, v.wide, 1440); err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 900)); err != nil {
		return err
	}
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.documentElement.dataset.theme = %q; true", v.narrow)))
	if err != nil {
		return err
	}
	return x.judge(ctx, v.path, v.narrow, 390)
}

func (x *axe) judge(ctx context.Context, path, theme string, width int64) error {
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(
		v => v.impact + " " + v.id + ": " + v.nodes.map(n => n.target + " " + (n.any[0]?.message ?? "")).join(" | ")))`, chromedp.EvalAwaitPromise))
	for _, v := range found {
		x.Errorf("%s, %s, %d px: %s", path, theme, width, v)
	}
	return err
}
