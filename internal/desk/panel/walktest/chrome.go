// Package walktest is a real browser in a house of package paneltest, for the
// tests of what people do: they walk through pages in every look, and whatever
// the browser complains of meanwhile fails the test.
package walktest

import (
	"context"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"homing/internal/desk/panel/paneltest"
)

// Chrome is a browser with a profile of its own. It is for one test at a time.
type Chrome struct {
	Ctx context.Context

	mu   sync.Mutex
	said []string // by the console, and not told yet; under mu
}

// Open starts one, or skips the test where there is none. Its console is listened
// to from the beginning.
func Open(t *testing.T) *Chrome {
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
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	c := &Chrome{Ctx: ctx}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			c.note(string(m.Type), m.Text)
		}
	}()
	return c
}

func (c *Chrome) note(kind, text string) {
	if strings.HasPrefix(text, "Autofocus processing was blocked") {
		return // the test typed before the browser chose a field
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, kind+": "+text)
}

// Quiet fails the test with everything that the browser has complained of since it
// was asked last: errors, warnings, exceptions, violations of the policy. What
// has one of the texts in it was to be expected.
func (c *Chrome) Quiet(t *testing.T, expected ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
messages:
	for _, message := range c.said {
		for _, text := range expected {
			if strings.Contains(message, text) {
				continue messages
			}
		}
		t.Errorf("the browser says: %s", message)
	}
	c.said = nil
}

// Beside opens a window beside the first, with cookies of its own. Its console is
// not listened to.
func (c *Chrome) Beside(t *testing.T) *Chrome {
	t.Helper()
	ctx, cancel := chromedp.NewContext(c.Ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &Chrome{Ctx: ctx}
}

// Still asks pages to let nothing move, as some people do: colours are what they
// are at once.
func (c *Chrome) Still(t *testing.T) {
	t.Helper()
	less := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	})
	if err := chromedp.Do(c.Ctx, less); err != nil {
		t.Fatal(err)
	}
}

// As gives the browser the cookies that somebody has, and a theme.
func As(h *paneltest.House, b *paneltest.Browser, theme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
			return err
		}
		set := map[string]string{"homing-theme": theme}
		house, err := url.Parse(h.Server.URL)
		if err != nil {
			return err
		}
		for _, cookie := range b.HTTP.Jar.Cookies(house) {
			set[cookie.Name] = cookie.Value
		}
		for name, value := range set {
			if _, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: h.Server.URL}); err != nil {
				return err
			}
		}
		return nil
	})
}
