package edge

import (
	"bytes"
	"strings"
	"testing"
)

// TestWhatOperatorsShouldHearOfIsCounted: keys in the clear, and proxies that
// nobody trusts, near and far.
func TestWhatOperatorsShouldHearOfIsCounted(t *testing.T) {
	h := newHouse(t, nil).open()
	call := "GET " + action + h.fresh() + "?key=" + keyA.Reveal() + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
	h.send(call, true)
	h.send(call, false)
	h.send(strings.Replace(call, "Host: t", "Host: t\r\nX-Forwarded-For: 192.0.2.1", 1), true)
	h.send("GET "+action+h.fresh()+"?key="+strings.Repeat("x", 36)+" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", false)
	var out bytes.Buffer
	h.Metrics().WritePrometheus(&out)
	for _, want := range []string{
		`homing_keys_over_http_total 1`,
		`homing_untrusted_proxies{network="private"} 1`,
		`homing_untrusted_proxies{network="public"} 0`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
