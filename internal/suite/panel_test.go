package suite

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestFromTheSetUpLinkToTheFirstConversion walks the way of a first day in a real
// browser, on the real program with an empty data directory: set-up link, first
// operator, advertiser, campaign, the test through a tracker that first has the
// wrong macro, a real visitor, and the conversion in the log.
func TestFromTheSetUpLinkToTheFirstConversion(t *testing.T) {
	ctx := openBrowser(t)
	complaints := listen(ctx)
	began := time.Now()
	s := start(t, data(t))
	w := &walk{t: t, ctx: ctx}
	tracker := newTracker(t)

	w.open(s.setUp)
	w.write("#f-email", "ann@example.com")
	w.write("#f-password", "correct horse battery")
	w.click(".door .button.main")

	w.see("#f-zone")
	w.until("the zone is the browser's", `document.getElementById("f-zone").value !== ""`)
	w.write("#f-name", "Acme Network")
	w.click("main .button.main")

	w.see(".home-steps")
	w.picture("walk-1-checklist")
	w.click(".home-steps .due .button")
	w.write("#f-name", "Northwind Traders")
	w.click("main .actions .button.main")
	w.see(".tabs")

	w.open("http://" + s.desk + "/")
	w.click(".home-steps .due .button")
	w.write("#f-name", "Spring sale")
	w.write("#f-url", tracker.URL+"/land?clickid={click_id}")
	w.click("main .actions .button.main")
	clickURL := w.text("#click")

	w.open("http://" + s.desk + "/")
	w.click(".home-steps .due .button")
	w.click("main .actions .button.main")
	w.see(".try-wait")
	w.until("the stream is open", `!document.querySelector('[data-live="yes"]').hidden`)
	w.click(`a[target="_blank"]`)
	id := tracker.visit(t)
	if !strings.Contains(w.text("#destination"), id) {
		t.Errorf("the tracker got %s, the page says %s", id, w.text("#destination"))
	}
	call := regexp.MustCompile(`http://[^']+`).FindString(w.eval(`document.getElementById("yourself").textContent`))
	w.picture("walk-2-waiting")
	if status := tracker.post(t, strings.Replace(call, id, "{externalid}", 1)); status != 400 {
		t.Errorf("a macro in place of the id is answered %d", status)
	}
	w.until("the page tells of the macro", `document.getElementById("heard").textContent.includes("{externalid}")`)
	if status := tracker.post(t, call+"&value=2.10"); status != 200 {
		t.Errorf("the test postback is answered %d", status)
	}
	w.until("the test has passed", `document.getElementById("heard").textContent.includes("It works")`)
	w.picture("walk-3-passed")

	// A real visitor, and what comes of it.
	if resp, err := http.Get(clickURL); err != nil {
		t.Fatal(err)
	} else {
		resp.Body.Close()
	}
	real := tracker.visit(t)
	if status := tracker.post(t, strings.Replace(call, id, real, 1)+"&value=12.50"); status != 200 {
		t.Errorf("the postback is answered %d", status)
	}
	w.click(`.nav a[href="/postbacks"]`)
	w.until("the conversion stands in the log", `document.querySelector("main").textContent.includes("12.50")`)
	w.see("main .badge.counted")
	w.picture("walk-4-log")
	if took := time.Since(began); took > 120*time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Logf("from the set-up link to the first conversion in the log: %s", took.Round(100*time.Millisecond))
	}
	for _, c := range complaints() {
		t.Errorf("the browser says: %s", c)
	}
	w.open("http://" + s.desk + "/start")
	w.until("everything is green", `document.querySelectorAll(".home-steps .done").length === 5`)
	w.picture("walk-5-done")
}

// tracker is an advertiser's tracker: it takes the id of a visit up, and calls
// what it is told to.
type tracker struct {
	*httptest.Server
	visits chan string
}

func newTracker(t *testing.T) *tracker {
	v := &tracker{visits: make(chan string, 8)}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := r.URL.Query().Get("clickid"); id != "" {
			v.visits <- id
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><title>Shop</title><h1>Spring sale</h1>`)
	}))
	t.Cleanup(v.Close)
	return v
}

// visit waits for the next visitor.
func (v *tracker) visit(t *testing.T) string {
	t.Helper()
	select {
	case id := <-v.visits:
		return id
	case <-time.After(10 * time.Second):
		t.Fatal("nobody comes to the tracker")
		return ""
	}
}

func (v *tracker) post(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// openBrowser starts a browser with a profile of its own, or skips the test.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: the program was not tried in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("window-size", "1440,900"), chromedp.NoSandbox, chromedp.DisableGPU,
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

// listen gathers what the browser complains of: errors, warnings, exceptions,
// violations of the policy.
func listen(ctx context.Context) func() []string {
	messages := chromedp.Console(ctx)
	var mu sync.Mutex
	var said []string
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			mu.Lock()
			said = append(said, fmt.Sprintf("%s: %s", m.Type, m.Text))
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
}

func (w *walk) do(what string, action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

func (w *walk) open(url string) { w.t.Helper(); w.do("open "+url, chromedp.Navigate(url)) }
func (w *walk) see(css string) {
	w.t.Helper()
	w.do("see "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}
func (w *walk) click(css string) {
	w.t.Helper()
	w.do("click "+css, chromedp.Click(chromedp.CSS(css)))
}

func (w *walk) write(css, text string) {
	w.t.Helper()
	w.do("write into "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

func (w *walk) text(css string) string {
	w.t.Helper()
	w.see(css)
	text, err := chromedp.Run(w.ctx, chromedp.Text(chromedp.CSS(css)))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

func (w *walk) eval(script string) string {
	w.t.Helper()
	text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// until waits until a script says true.
func (w *walk) until(what, script string) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		is, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](script))
		if err == nil && is {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain until %s (%v): %s", what, err, w.eval(`document.querySelector("main").innerText`))
		}
	}
}

// picture writes what is seen into the folder that HOMING_TEST_SCREENSHOTS names.
func (w *walk) picture(name string) {
	w.t.Helper()
	dir := os.Getenv("HOMING_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		w.t.Error(err)
	}
}
