package panel

import (
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"

	"context"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing/internal/flow/journal"
)

// openBrowser starts a browser with a profile of its own, or skips the test.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: the panel was not tried in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("window-size", "1440,900"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.NoFirstRun)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The browser lives as long as the context of the first action.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func mustURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}

func recent(h *stage) []journal.Entry { return h.Journal.Recent(journal.Filter{}, 1000) }

// TestAFirstDayInABrowser walks from the set-up link to the first postback in
// the log, in both themes, and listens to the console meanwhile.
func TestAFirstDayInABrowser(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			h := newHouse(t)
			ctx := openBrowser(t)
			complaints := listen(t, ctx)
			w := walk{t, ctx, h}
			link, err := h.SignIn.SetUpLink(h.Context())
			h.Must(err)

			w.open(h.Path(link))
			w.click(`button[value="` + theme + `"]`)
			w.see(`html[data-theme="` + theme + `"] .door`)
			w.write("#f-email", "ann@example.com")
			w.write("#f-password", paneltest.Password)
			w.click(".door .button.main")

			w.see("#f-zone")
			w.click(".actions .button.main")
			w.click(".home-steps .button.main")
			w.write("#f-name", "Northwind Traders")
			w.click(`input[name="multi_lead"]`)
			w.click(".actions .button.main")

			w.click(".notice .button")
			w.see("#f-url") // the page before has a #f-name, too
			w.write("#f-name", "Spring sale")
			w.write("#f-url", "https://shop.example/?clickid={click_id}")
			w.click(".actions .button.main")
			w.see("#click")

			account := h.Accounts()[0]
			w.open(page.TrackingPath(account.ID))
			w.see("#pb-leads .macro")
			w.click(".keys .ask summary")
			w.write("#f-show1password", paneltest.Password)
			w.click(".ask[open] .button.main")
			w.see("#key")
			secret, err := h.Catalog.RevealKey(account.ID, 1)
			h.Must(err)
			if got := w.text("#key"); got != secret.Reveal() {
				t.Error("the key that is shown is not the key")
			}
			w.see(`button[data-copy="key"]:not([hidden])`)

			h.Call(h.Catalog.View().Campaigns[0].Campaign, nil)
			w.click(`.nav a[href="/postbacks"]`)
			w.see(".badge.counted")
			w.click(".log tbody a")
			if got := w.text("h1"); got != "The conversion was counted and approved." {
				t.Errorf("the detail's heading is %q", got)
			}
			for _, c := range complaints() {
				t.Errorf("the browser says: %s", c)
			}
		})
	}
}

// listen gathers what the browser complains of: errors, warnings, exceptions,
// violations of the policy.
func listen(t *testing.T, ctx context.Context) func() []string {
	t.Helper()
	messages := chromedp.Console(ctx)
	var mu sync.Mutex
	var said []string
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if strings.HasPrefix(m.Text, "Autofocus processing was blocked") {
				continue // the test typed before the browser chose a field
			}
			mu.Lock()
			said = append(said, string(m.Type)+": "+m.Text)
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return said
	}
}

// walk is somebody with a browser.
type walk struct {
	t   *testing.T
	ctx context.Context
	h   *stage
}

func (w walk) do(what string, action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

func (w walk) open(path string) {
	w.t.Helper()
	w.do("open "+path, chromedp.Navigate(w.h.Server.URL+path))
}

func (w walk) see(css string) {
	w.t.Helper()
	w.do("see "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}

func (w walk) click(css string) {
	w.t.Helper()
	w.do("click "+css, chromedp.Click(chromedp.CSS(css)))
}

func (w walk) write(css, text string) {
	w.t.Helper()
	w.do("write into "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

func (w walk) text(css string) string {
	w.t.Helper()
	w.see(css)
	text, err := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS(css)))
	w.h.Must(err)
	return text
}
