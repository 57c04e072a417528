package walktest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing/internal/desk/panel/paneltest"
)

// patience is how long anything may take: much, because the machine may have a lot
// to do.
const patience = time.Minute

// Look is how somebody looks at pages.
type Look struct {
	Theme string // light, dark
	Width int64  // of the window, in pixels
}

// Looks are all that pages are tried in.
var Looks = []Look{{"light", 1440}, {"dark", 390}, {"light", 390}, {"dark", 1440}}

func (l Look) String() string { return fmt.Sprintf("%s-%d", l.Theme, l.Width) }

// Walk is somebody's way through pages. What can't be done, or does not come in time,
// ends the test.
type Walk struct {
	Look
	t   *testing.T
	h   *paneltest.House
	ctx context.Context
}

// Walk begins one, in a window of the look's size.
func (c *Chrome) Walk(t *testing.T, h *paneltest.House, look Look) *Walk {
	t.Helper()
	w := &Walk{look, t, h, c.Ctx}
	w.Do("size", chromedp.EmulateViewport(look.Width, 900))
	return w
}

// InEveryLook runs something once for each look, and then looks whether the
// browser complained.
func (c *Chrome) InEveryLook(t *testing.T, h *paneltest.House, walk func(w *Walk), expected ...string) {
	t.Helper()
	for _, look := range Looks {
		t.Run(look.String(), func(t *testing.T) {
			walk(c.Walk(t, h, look))
			c.Quiet(t, expected...)
		})
	}
}

// T is the test that the walk is a part of.
func (w *Walk) T() *testing.T { return w.t }

// As goes on as somebody else.
func (w *Walk) As(b *paneltest.Browser) {
	w.t.Helper()
	w.Do("cookies", As(w.h, b, w.Theme))
}

// Do does something; what says what it was, if it fails.
func (w *Walk) Do(what string, action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, action)
		if err == nil {
			return
		}
		// What was found may have gone with its page before anything was done with it.
		if ctx.Err() != nil || !strings.Contains(err.Error(), "Could not find node with given id") {
			w.t.Fatalf("%s: %s: %v", w.where(), what, err)
		}
	}
}

// Open opens a page.
func (w *Walk) Open(path string) {
	w.t.Helper()
	w.Do("open "+path, chromedp.Navigate(w.h.Server.URL+path))
}

// See waits until something is to be seen.
func (w *Walk) See(css string) {
	w.t.Helper()
	w.Do("see "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}

// Click clicks on something, as often as it takes to hit it: a page that moves while
// the hand comes down, because a part of it has just been replaced, takes the click
// elsewhere, and a person would click again.
func (w *Walk) Click(css string) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		w.Evaluate(fmt.Sprintf(watchClick, css))
		w.Do("click "+css, chromedp.Click(chromedp.CSS(css)))
		// A page that has gone, or cannot be asked while it goes, has been hit.
		missed, err := w.asks("window.walkedClick === false")
		if err != nil || !missed {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: click %s: nothing of it was hit", w.where(), css)
		}
	}
}

// watchClick makes the page remember whether a click hits what a selector finds. A
// field is hit by its label, too, so that any click that reaches it counts.
const watchClick = `(css => {
	window.walkedClick = false
	window.walkedClicks?.abort()
	window.walkedClicks = new AbortController()
	addEventListener("click", e => { if (e.target.closest(css)) window.walkedClick = true },
		{capture: true, signal: window.walkedClicks.signal})
})(%q)`

// Leave clicks on what leads to another page, which may look like this one, and
// waits until that has come: what is written before would go with this one.
func (w *Walk) Leave(css string) {
	w.t.Helper()
	w.Evaluate("window.walkedBefore = true")
	w.Click(css)
	w.Expect(`!window.walkedBefore && document.readyState === "complete"`)
}

// Write types a text behind what stands in a field.
func (w *Walk) Write(css, text string) {
	w.t.Helper()
	w.Do("write into "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

// Rewrite types a text in place of what stands in a field.
func (w *Walk) Rewrite(css, text string) {
	w.t.Helper()
	w.Evaluate(fmt.Sprintf("document.querySelector(%q).select()", css))
	w.Write(css, text)
}

// Choose chooses an option of a list.
func (w *Walk) Choose(css, value string) {
	w.t.Helper()
	w.Do("choose "+value, chromedp.SetValue(chromedp.CSS(css), value))
}

// Upload chooses a file, which is made of the text.
func (w *Walk) Upload(css, text string) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "list.csv")
	w.must(os.WriteFile(file, []byte(text), 0o600))
	w.Do("upload", chromedp.SetUploadFiles(chromedp.CSS(css), []string{file}))
}

// Text is what something says, once it is to be seen.
func (w *Walk) Text(css string) string {
	w.t.Helper()
	w.See(css)
	text, err := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS(css)))
	w.must(err)
	return text
}

// Evaluate runs a script in the page.
func (w *Walk) Evaluate(script string) {
	w.t.Helper()
	_, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](script+"; true"))
	w.must(err)
}

// Expect waits until an expression is true.
func (w *Walk) Expect(expression string) {
	w.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		got, err := w.asks(expression)
		if err == nil && got {
			return
		}
		select {
		case <-deadline.C:
			w.t.Fatalf("%s: %s is not so (%v)", w.where(), expression, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// asks tells whether an expression is true. While a page goes, there may be
// nothing to ask.
func (w *Walk) asks(expression string) (bool, error) {
	ctx, cancel := context.WithTimeout(w.ctx, time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
}

// Has tells whether the page has something, seen or not.
func (w *Walk) Has(css string) bool {
	w.t.Helper()
	there, err := w.asks(fmt.Sprintf("document.querySelector(%q)", css))
	w.must(err)
	return there
}

// Path is where the page is.
func (w *Walk) Path() string {
	w.t.Helper()
	path, err := chromedp.Run(w.ctx, chromedp.Evaluate[string]("location.pathname"))
	w.must(err)
	return path
}

func (w *Walk) where() string {
	ctx, cancel := context.WithTimeout(w.ctx, time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + location.search"))
	return w.Look.String() + " " + at
}

// fits: the page is no wider than the window.
const fits = "document.documentElement.scrollWidth <= innerWidth"

// Shot looks whether the page fits its window, and takes a picture of it if
// HOMING_TEST_SCREENSHOTS names a folder.
func (w *Walk) Shot(name string) {
	w.t.Helper()
	if ok, err := w.asks(fits); err != nil || !ok {
		w.t.Errorf("%s is wider than its window (%v)", w.where(), err)
	}
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	w.must(err)
	w.must(os.WriteFile(filepath.Join(dir, name+"-"+w.Look.String()+".png"), picture, 0o644))
}

func (w *Walk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", w.where(), err)
	}
}
