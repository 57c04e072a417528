package edge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homing"
)

const action = "/api/v1/cpa/action/"

func TestVerdictsAreTold(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.HelpURL = "https://help.example/reasons" }).open()
	old := h.clickID(campaignA, time.Now().Add(-31*24*time.Hour))
	once, hold := h.fresh(), h.clickID(campaignHold, time.Now())
	key := "key=" + keyA.Reveal()
	for _, c := range []struct {
		name, target string
		tls          bool
		status       int
		body, result string
		help         string
	}{
		{"counted", once + "?value=1", false, 200, `{"ok":true}`, "counted", ""},
		{"duplicate", once + "?value=1", false, 200, `{"ok":true}`, "duplicate", ""},
		{"a stranger is not told that the value differs", once + "?value=2", false, 200, `{"ok":true}`, "duplicate", ""},
		{"who has the key is", once + "?value=2&" + key, true, 200, `{"ok":true}`, "duplicate; reason=duplicate_value_differs", ""},
		{"late", old, false, 200, `{"ok":true}`, "late", ""},
		{"hold, to a stranger", hold, false, 200, `{"ok":true}`, "counted", ""},
		{"hold, with key", h.clickID(campaignHold, time.Now()) + "?" + key, true, 200, `{"ok":true}`, "counted; reason=hold", ""},
		{"erased", h.clickID(campaignErased, time.Now()), false, 200, `{"ok":true}`, "ignored; reason=account_erased", ""},
		{"cut code", "abcdef", false, 400, `{"error":{"msg":"invalid code"}}`, "refused; reason=invalid_code", "invalid_code"},
		{"wrong key", h.fresh() + "?key=" + strings.Repeat("0", 36), true, 403, `{"error":{"msg":"invalid key"}}`, "refused; reason=invalid_key", "invalid_key"},
		{"revoked key", h.fresh() + "?key=" + keyRevoked.Reveal(), true, 403, `{"error":{"msg":"invalid key"}}`, "refused; reason=invalid_key", "invalid_key"},
		{"fine reason after the key", h.fresh() + "?value=-1&" + key, true, 400,
			`{"error":{"msg":"the price should be between 0.010 and 200.000"}}`, "refused; reason=value_negative", "value_negative"},
		{"coarse one before", h.fresh() + "?value=-1", true, 400,
			`{"error":{"msg":"the price should be between 0.010 and 200.000"}}`, "refused; reason=price_out_of_range", "price_out_of_range"},
		{"markup in the value", h.fresh() + "?value=%3Cb%3E%26%22", true, 400,
			`{"error":{"msg":"invalid price value: 'parsing \"\u003cb\u003e\u0026\\\"\": invalid syntax'"}}`, "refused; reason=invalid_price", "invalid_price"},
		{"lead over http", h.fresh() + "?lead_code=L&" + key, false, 403,
			`{"error":{"msg":"The transfer of the lead_code is possible only with the https protocol"}}`, "refused; reason=https_required", "https_required"},
		{"repeated", h.fresh() + "?value[]=1", false, 400, `{"error":{"msg":"duplicate parameter: value"}}`, "refused; reason=duplicate_parameter", "duplicate_parameter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			a := h.get(action+c.target, c.tls)
			if a.status != c.status || a.body != c.body || a.headers["postback-result"] != c.result {
				t.Errorf("got %d %s %q", a.status, a.body, a.headers["postback-result"])
			}
			want := ""
			if c.help != "" {
				want = "<https://help.example/reasons#" + c.help + `>; rel="help"`
			}
			if a.headers["link"] != want {
				t.Errorf("Link %q, want %q", a.headers["link"], want)
			}
			if len(a.headers["x-request-id"]) != 24 {
				t.Error("no X-Request-Id")
			}
		})
	}
}

func TestSiblingChecksTheQueryFirst(t *testing.T) {
	h := newHouse(t, nil).open()
	if a := h.get("/api/v1/cpa/action?click_id="+h.fresh()+"&value=1", false); a.status != 200 {
		t.Errorf("got %+v", a)
	}
	if a := h.get("/api/v1/cpa/action?clickid=x&value=1&value=2", false); !strings.Contains(a.body, "duplicate parameter: value") {
		t.Errorf("got %+v", a)
	}
	if a := h.get("/api/v1/cpa/action?clickid=a&click_id=b", false); !strings.Contains(a.body, "duplicate parameter: clickid") {
		t.Errorf("got %+v", a)
	}
}

func TestReceiptIsMaskedAndCut(t *testing.T) {
	h := newHouse(t, trusted("127.0.0.1/32")).open()
	id := h.fresh()
	a := h.get(action+id+"?value=1.5&lead_code=L1&key="+keyA.Reveal()+"&x="+strings.Repeat("Z", 40), true,
		"User-Agent: bot "+keyB.Reveal(), "X-Forwarded-For: 203.0.113.77")
	if a.status != 200 {
		t.Fatalf("got %+v", a)
	}
	p := h.ledger.receipt()
	if p.Click.String() != id || p.Account != 1 || p.Campaign != campaignA || p.Key != 1 || p.Lead != "L1" || !p.HTTPS || p.Method != "GET" {
		t.Errorf("receipt %+v", p)
	}
	if p.Addr.String() != "203.0.113.0" {
		t.Errorf("address %s", p.Addr)
	}
	if p.Verdict.Outcome != homing.Counted || p.Value != homing.ValueOf(1_500_000) || a.headers["x-request-id"] != p.Request.String() {
		t.Errorf("receipt %+v", p)
	}
	text := fmt.Sprintf("%+v", p)
	for _, secret := range []string{keyA.Reveal(), keyB.Reveal(), strings.Repeat("Z", 36)} {
		if strings.Contains(text, secret) {
			t.Errorf("the receipt has a key in it: %s", text)
		}
	}
	if !strings.Contains(p.Target, id) || !strings.Contains(p.Target, "key=key:") || !strings.Contains(p.UserAgent, "bot key:") {
		t.Errorf("target %q, agent %q", p.Target, p.UserAgent)
	}
}

// TestKeyAsLeadCode: a sender that mixes up its parameters must not put a key
// into the list of conversions.
func TestKeyAsLeadCode(t *testing.T) {
	h := newHouse(t, nil).open()
	target := action + h.fresh() + "?lead_code=" + keyA.Reveal() + "&key=" + keyA.Reveal()
	for i, want := range []string{"counted", "duplicate"} {
		if a := h.get(target, true); a.headers["postback-result"] != want {
			t.Errorf("call %d: %+v", i, a)
		}
	}
	for name := range h.ledger.rows {
		if strings.Contains(name, keyA.Reveal()) {
			t.Error("the ledger was given a key as lead code")
		}
	}
}

func TestAttribution(t *testing.T) {
	h := newHouse(t, nil).open()
	unknown := strings.Repeat("0", 40)
	for _, c := range []struct {
		name, target string
		account      homing.AccountID
		flag         bool
	}{
		{"genuine click", h.fresh() + "?value=x&account=publicB", 1, false},
		{"valid key", "cut?key=" + keyB.Reveal() + "&account=publicA", 2, false},
		{"revoked key", unknown + "?key=" + keyRevoked.Reveal(), 0, false},
		{"public id", "{click_id}?account=publicB", 2, true},
		{"public id beside a repeat", "{click_id}?account=publicB&value=1&value=1", 2, true},
		{"nobody", "{click_id}?account=nobody", 0, false},
		{"erased", "{click_id}?account=publicE", 0, false},
	} {
		before := len(h.spool.postbacks(t))
		h.get(action+c.target, false)
		all := h.spool.postbacks(t)
		if len(all) != before+1 {
			t.Errorf("%s: %d records", c.name, len(all)-before)
			continue
		}
		p := all[before]
		if p.Account != c.account || p.Verdict.Flags.Has(homing.FlagAccountUnverified) != c.flag || p.Verdict.Outcome != homing.Refused {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
	before := len(h.spool.postbacks(t))
	h.get(action+h.clickID(campaignErased, time.Now())+"?value=1&value=1", false)
	if len(h.spool.postbacks(t)) != before {
		t.Error("a refused call for an erased account was kept")
	}
}

func TestDuplicateIsRecordedBeforeTheAnswer(t *testing.T) {
	h := newHouse(t, nil).open()
	id := h.fresh()
	h.get(action+id+"?value=1", false)
	h.get(action+id+"?value=3", false)
	all := h.spool.postbacks(t)
	if len(all) != 1 || all[0].Verdict.Reason != homing.ReasonDuplicateValue || all[0].Conversion != 1 ||
		!all[0].Verdict.Flags.Has(homing.FlagValueDiffers) {
		t.Errorf("got %+v", all)
	}
	err := fmt.Errorf("disk: %w", homing.ErrUnavailable)
	h.spool.fail.Store(&err)
	if a := h.get(action+id, false); a.status != 503 || a.headers["postback-result"] != "" {
		t.Errorf("a duplicate that was not recorded got %+v", a)
	}
}

func TestUnavailable(t *testing.T) {
	h := newHouse(t, nil).open()
	for _, kind := range []error{homing.ErrOverloaded, homing.ErrUnavailable} {
		err := fmt.Errorf("ledger: %w", kind)
		h.ledger.fail.Store(&err)
		a := h.get(action+h.fresh(), false)
		if a.status != 503 || a.headers["retry-after"] == "" || a.body != `{"error":{"msg":"temporarily unavailable"}}` ||
			a.headers["postback-result"] != "" {
			t.Errorf("%v: %+v", kind, a)
		}
	}
	h.ledger.fail.Store(nil)
	if a := h.get(action+h.clickID(99, time.Now()), false); a.status != 503 {
		t.Errorf("a campaign that is not known yet: %+v", a)
	}
	if n := len(h.spool.postbacks(t)); n != 0 {
		t.Errorf("%d records were left", n)
	}
}

func TestTooManyRefusals(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.RefusalsPerMinute = 3
		at := time.Unix(1_800_000_000, 0)
		o.Clock = func() time.Time { return at }
	}).open()
	unknown := action + strings.Repeat("0", 40)
	for range 10 {
		h.get(action+"{click_id}", false) // macros do not count
	}
	for range 3 {
		if a := h.get(unknown, false); a.status != 400 {
			t.Fatalf("within the limit: %+v", a)
		}
	}
	a := h.get(unknown, false)
	if a.status != 429 || a.body != `{"error":{"msg":"too many requests"}}` || a.headers["retry-after"] == "" {
		t.Errorf("beyond it: %+v", a)
	}
	if a := h.get(action+h.fresh()+"?key="+keyRevoked.Reveal(), false); a.status != 429 {
		t.Errorf("a wrong key beyond it: %+v", a)
	}
	for target, want := range map[string]int{
		action + "{click_id}":               400,
		action + h.fresh() + "?value=x":     400,
		action + h.fresh() + "?lead_code=1": 403,
	} {
		if a := h.get(target, false); a.status != want {
			t.Errorf("%s: %+v", target, a)
		}
	}
	all := h.spool.postbacks(t)
	n := 0
	for _, p := range all {
		if p.Verdict.Reason == homing.ReasonCodeNotMinted {
			n++
		}
	}
	if n != 4 {
		t.Errorf("%d of 4 are in the log", n)
	}
}

func TestRefusalsCountByNetworkAndForgetAMinute(t *testing.T) {
	r := &refusals{perMinute: 1}
	at := time.Unix(1_800_000_000, 0)
	a, b := addrs(t, "2001:db8::1", "2001:db8::2")
	if r.beyond(a, at) || !r.beyond(b, at) {
		t.Error("a /64 is not counted as one")
	}
	if r.beyond(b, at.Add(time.Minute)) {
		t.Error("the minute was not forgotten")
	}
}
