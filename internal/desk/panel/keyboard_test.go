package panel

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
)

// forms are the main ones. Each is filled in and sent by keys alone, from the link
// that skips the navigation on.
var forms = []struct {
	name, path string
	keys       func(w *walktest.Walk)
	see        string // what tells that it was sent
}{
	{"an advertiser", "/advertisers/new", func(w *walktest.Walk) {
		fill(w, "#f-name", "Keys only")
		push(w, ".actions .button.main")
	}, ".notice.good, .notice.next"},
	{"a campaign", "/campaigns/new?account=1", func(w *walktest.Walk) {
		fill(w, "#f-name", "By keys")
		fill(w, "#f-url", "https://shop.example/?c={click_id}")
		push(w, ".actions .button.main")
	}, "#click"},
	{"an invitation", "/settings/people", func(w *walktest.Walk) {
		fill(w, "#f-email", "keys@example.com")
		w.TabTo(`input[name="level"]`)
		w.Press(" ")
		push(w, ".button.main")
	}, "#link"},
	{"a conversion's status", "/conversions/1", func(w *walktest.Walk) {
		fill(w, "#f-reason", "Returned")
		push(w, `button[value="rejected"]`)
	}, "h1 .badge.rejected"},
	{"a report", "/reports", func(w *walktest.Walk) {
		if w.Look.Width < 900 {
			w.TabTo(".ask-fold > summary")
			w.Press(kb.Enter)
		}
		w.TabTo("#f-span")
		w.Press("Tod")
		push(w, "#f-show")
		w.Expect(`location.search.includes("range=today")`)
	}, ".range-text"},
	{"a postback that is looked for", "/postbacks", func(w *walktest.Walk) {
		fill(w, "#f-q", "order-99321")
		w.Press(kb.Enter)
	}, ".log .lead-code"},
	{"a trace", "/trace", func(w *walktest.Walk) {
		fill(w, "#f-q", "0123456789abcdef0123456789abcdef01234567")
		push(w, ".button.main")
	}, "#story-h"},
	{"a list to compare", "/differ", func(w *walktest.Walk) {
		fill(w, "#f-list", "0123456789abcdef0123456789abcdef01234567")
		push(w, ".button.main")
	}, ".differ-sums"},
	{"a tracker", page.TrackingPath(1), func(w *walktest.Walk) {
		w.TabTo("#f-tracker")
		w.Press("Vol")
		push(w, ".tracker-pick .button")
	}, "#pb .macro"},
	{"a key that is revealed", page.TrackingPath(1), func(w *walktest.Walk) {
		w.TabTo(".keys .ask summary")
		w.Press(kb.Enter)
		fill(w, ".ask[open] input[type=password]", paneltest.Password)
		push(w, ".ask[open] .button.main")
	}, "#key"},
	{"a call that is judged", page.AdvertiserPath(1) + "/console", func(w *walktest.Walk) {
		fill(w, "#f-call", "http://127.0.0.1:8080/api/v1/cpa/action/x")
		push(w, ".button.main")
	}, "#finding"},
	{"a test click", page.AdvertiserPath(1) + "/test", func(w *walktest.Walk) {
		w.TabTo("#f-campaign")
		w.Press("Sp")
		push(w, ".button.main")
	}, "#destination"},
}

// fill goes to a field and types into it.
func fill(w *walktest.Walk, css, text string) {
	w.T().Helper()
	w.TabTo("main " + css)
	w.Press(text)
}

// push goes to a button and presses it.
func push(w *walktest.Walk, css string) {
	w.T().Helper()
	w.TabTo("main " + css)
	w.Press(kb.Enter)
}

// TestTheMainFormsByKeysAlone sends every other one on a wide page, and the rest on
// a narrow one.
func TestTheMainFormsByKeysAlone(t *testing.T) {
	chrome := walktest.Open(t)
	h := newHouse(t)
	op := h.Operator()
	furnish(h)
	for i, form := range forms {
		look := walktest.Looks[i%2]
		t.Run(form.name, func(t *testing.T) {
			w := chrome.Walk(t, h.House, look)
			w.As(op)
			w.Open(form.path)
			w.Skip()
			form.keys(w)
			w.See(form.see)
			chrome.Quiet(t)
		})
	}
	t.Run("signing in", func(t *testing.T) {
		w := chrome.Walk(t, h.House, walktest.Looks[1])
		w.As(h.Stranger())
		w.Open("/signin")
		fill(w, "#f-email", "ann@example.com")
		fill(w, "#f-password", paneltest.Password)
		w.Press(kb.Enter)
		w.See("body.framed")
		chrome.Quiet(t)
	})
}
