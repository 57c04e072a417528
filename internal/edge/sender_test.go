package edge

import (
	"testing"
	"time"

	"homing"
)

// A call for an account that permits some networks is refused from elsewhere,
// whatever it knows; a trusted proxy is believed where it came from, nobody else
// is.
func TestOnlyPermittedSendersAreHeard(t *testing.T) {
	near, far := newHouse(t, trusted("127.0.0.0/8")).open(), newHouse(t, nil).open()
	const from = "X-Forwarded-For: "
	for _, c := range []struct {
		name    string
		h       *house
		query   string
		headers []string
		status  int
		result  string
	}{
		{"from a permitted network", near, "", []string{from + "203.0.113.9"}, 200, "counted"},
		{"with a key", near, "?lead_code=a&key=" + keyFenced.Reveal(), []string{from + "203.0.113.9"}, 200, "counted"},
		{"from elsewhere", near, "", []string{from + "198.51.100.9"}, 403, "refused; reason=invalid_key"},
		{"from elsewhere with the key", near, "?key=" + keyFenced.Reveal(), []string{from + "198.51.100.9"}, 403, "refused; reason=invalid_key"},
		{"from the proxy itself", near, "", nil, 403, "refused; reason=invalid_key"},
		{"somebody says so", far, "", []string{from + "203.0.113.9"}, 403, "refused; reason=invalid_key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.h.t = t
			a := c.h.get(action+c.h.clickID(campaignFenced, time.Now())+c.query, true, c.headers...)
			if a.status != c.status || a.headers["postback-result"] != c.result {
				t.Fatalf("got %d %q", a.status, a.headers["postback-result"])
			}
			if c.status == 200 {
				return
			}
			if want := `{"error":{"msg":"invalid key"}}`; a.body != want {
				t.Errorf("body %s, want %s", a.body, want)
			}
			all := c.h.spool.postbacks(t)
			if last := all[len(all)-1]; last.Verdict.Reason != homing.ReasonSender || last.Account != 5 {
				t.Errorf("the log says %+v", last)
			}
		})
	}
	// Nobody else's senders are looked at.
	far.t = t
	if a := far.get(action+far.fresh(), false); a.status != 200 {
		t.Errorf("another account: %+v", a)
	}
}
