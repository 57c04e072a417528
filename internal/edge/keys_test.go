package edge

import (
	"fmt"
	"strings"
	"testing"

	"homing"
	"homing/internal/flow/journal"
)

// TestNothingStoredHasAKeyInIt sends a key, or most of it, wherever there is
// room for it.
func TestNothingStoredHasAKeyInIt(t *testing.T) {
	h := newHouse(t, nil).open()
	key := keyA.Reveal()
	// What must not be readable: more than the first half.
	readable := func(text string) bool { return strings.Contains(text, key[:20]) || strings.Contains(text, key[16:]) }
	for _, request := range []string{
		"GET /c/slugA?sub3=x" + key + " HTTP/1.1\r\n",
		"GET /c/slugA?sub3=" + key + "x&sub1=" + key + key + " HTTP/1.1\r\n",
		"GET /c/slugA?sub3=%78%6" + key[:1] + key + " HTTP/1.1\r\n",
		"GET /c/slugA HTTP/1.1\r\nReferer: https://x.example/" + strings.Repeat("a", 100) + key + "\r\n",
		"GET /c/slugA HTTP/1.1\r\nUser-Agent: " + strings.Repeat("a", maxUserAgent-30) + key + "\r\n", // is cut
		"GET " + action + h.fresh() + "?lead_code=x" + key + "&key=" + key + " HTTP/1.1\r\n",
		"GET " + action + h.fresh() + "?lead_code=" + key[:35] + "&key=" + key + " HTTP/1.1\r\n",
		"GET " + action + h.fresh() + "?key=" + key[:35] + " HTTP/1.1\r\n",
		"GET " + action + h.fresh() + "?key=" + key[1:] + " HTTP/1.1\r\n",
		"GET " + action + h.fresh() + "?key=" + key[:18] + "+" + key[18:] + " HTTP/1.1\r\n",
		"GET " + action + h.fresh() + "?kEy=" + key + "%0a HTTP/1.1\r\n",
		"GET " + action + h.fresh() + "?currency=" + key + " HTTP/1.1\r\n",
		key + " " + action + h.fresh() + " HTTP/1.1\r\n",
		"X" + key[:35] + " " + action + h.fresh() + " HTTP/1.1\r\n",
	} {
		h.send(request+"Host: t\r\nConnection: close\r\n\r\n", true)
		h.spool.mu.Lock()
		for _, r := range h.spool.records {
			if readable(string(r.Data)) {
				t.Errorf("stored of %s: %q", request, r.Data)
			}
		}
		h.spool.records = nil
		h.spool.mu.Unlock()
		if p := h.ledger.receipt(); readable(fmt.Sprintf("%+v", p)) {
			t.Errorf("the receipt of %s: %+v", request, p)
		}
	}
	for name := range h.ledger.rows {
		if readable(name) {
			t.Errorf("the ledger was given the lead code %q", name)
		}
	}
	for _, e := range h.journal.Recent(journal.Filter{}, 100) {
		if readable(fmt.Sprintf("%+v", e)) || strings.Contains(e.Currency, key[:3]) {
			t.Errorf("in memory: %+v", e)
		}
	}
	if readable(h.log.String()) {
		t.Error("in the log")
	}
}

func TestUnknownMethodIsNotKept(t *testing.T) {
	for method, want := range map[string]string{"GET": "GET", "PATCH": "PATCH", "BREW": "other", "get": "other", "": "other", "kA7Zq2mX9cVb": "other"} {
		if got := methodName([]byte(method)); got != want {
			t.Errorf("%s is kept as %s", method, got)
		}
	}
}

// TestGclidSurvives: what is long and no key is an attribution worth money.
func TestGclidSurvives(t *testing.T) {
	h := newHouse(t, nil).open()
	h.get("/c/slugA?sub5="+gclid, false)
	if got := string(h.spool.clicks(t)[0].Params[homing.ParamSub1+4]); got != gclid {
		t.Errorf("stored %s", got)
	}
}
