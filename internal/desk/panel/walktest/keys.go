package walktest

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxTabs is how far away anything may be from where the content begins.
const maxTabs = 80

// Skip skips the navigation, as one does who has no mouse: the first stop of a
// page is the link to its content.
// A page that begins in a field, because there is one thing to do on it, needs no
// skipping.
func (w *Walk) Skip() {
	w.t.Helper()
	begins, err := w.asks(`document.querySelector("main [autofocus]") !== null`)
	if w.must(err); begins {
		w.Expect(`document.activeElement.matches("main [autofocus]")`) // the browser goes there when it first draws
		return
	}
	w.Press(kb.Tab)
	if !w.on(".skip") {
		w.t.Fatalf("%s: the first stop is not the link to the content", w.where())
	}
	w.Press(kb.Enter)
	w.Expect(`document.activeElement.id === "main"`)
}

// TabTo goes from stop to stop until it is at something.
func (w *Walk) TabTo(css string) {
	w.t.Helper()
	for range maxTabs {
		if w.on(css) {
			return
		}
		w.Press(kb.Tab)
	}
	w.t.Fatalf("%s: no key leads to %s", w.where(), css)
}

func (w *Walk) on(css string) bool {
	w.t.Helper()
	is, err := w.asks(fmt.Sprintf("document.activeElement.matches(%q)", css))
	w.must(err)
	return is
}

// Press presses keys, one after the other, wherever the focus is.
func (w *Walk) Press(keys string) {
	w.t.Helper()
	w.Do("press a key", chromedp.KeyEvent(keys))
}
