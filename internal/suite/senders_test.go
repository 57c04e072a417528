package suite

import (
	"strconv"
	"strings"
	"testing"
)

// TestPermittedSenders shuts a sender out by the command line, and lets it in
// again, while the server runs.
func TestPermittedSenders(t *testing.T) {
	s := start(t, data(t))
	a := s.newAccount("--multi-lead")
	c := s.newCampaign(a)
	call := func() answer { return s.get(true, postbackPath+s.click(c, "")+"?lead_code=P&key="+a.Key) }
	number := strconv.Itoa(a.ID)
	for _, step := range []struct {
		networks string
		status   int
		result   string
	}{
		{"192.0.2.0/24,2001:db8::/32", 403, "refused; reason=invalid_key"},
		{"192.0.2.0/24, 127.0.0.0/8, ::1", 200, "counted"},
		{"", 200, "counted"},
	} {
		s.homing("account", "update", number, "--senders", step.networks)
		if got := call(); got.status != step.status || got.header.Get("Postback-Result") != step.result {
			t.Errorf("senders %q: %d %q, want %d %q", step.networks, got.status, got.header.Get("Postback-Result"), step.status, step.result)
		}
	}
	if log := s.homing("postbacks", "--format", "jsonl"); !strings.Contains(log, "sender_not_permitted") {
		t.Errorf("the log does not tell the reason:\n%s", log)
	}
}
