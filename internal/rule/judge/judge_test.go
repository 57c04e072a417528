package judge

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/rule/target"
)

const (
	now      homing.Millis = homing.Epoch + 1_000_000_000
	goodKey                = "123456789012345678901234567890abcdef"
	otherKey               = "Other56789012345678901234567890abcde"
	oldKey                 = "Old4567890123456789012345678901abcde"
	deadKey                = "Dead567890123456789012345678901abcde"
	goneKey                = "Gone567890123456789012345678901abcde"
	sampleID               = "c86b8a88b91228911e723b93c65a5900bb49bc99"
)

// world is one advertiser with a campaign, as a test wants it.
type world struct {
	account  homing.Account
	campaign homing.Campaign
	origin   homing.Origin
	// The call's surroundings.
	https, claims, browser, anySender bool
	addr                              string // empty = not known
}

func newWorld() *world {
	return &world{
		account: homing.Account{ID: 7, MultiLead: true, Currency: "USD",
			PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax},
		campaign: homing.Campaign{ID: 9, Account: 7, Status: homing.CampaignActive, Window: homing.DefaultWindow,
			Goals: []homing.Goal{{ID: 3, Name: "sale"}}},
		origin: homing.Origin{Time: now - 60_000, Node: 1, Campaign: 9},
		https:  true,
		addr:   "203.0.113.7",
	}
}

var keys = []homing.Key{
	{ID: 1, Account: 7, Hash: homing.Secret(goodKey).Hash()},
	{ID: 2, Account: 7, Hash: homing.Secret(oldKey).Hash(), Expires: now + 1},
	{ID: 3, Account: 7, Hash: homing.Secret(goneKey).Hash(), Expires: now},
	{ID: 4, Account: 7, Hash: homing.Secret(deadKey).Hash(), Revoked: now - 1},
	{ID: 5, Account: 8, Hash: homing.Secret(otherKey).Hash()},
}

// call makes the call that the door would make of a target: "genuine" as code
// stands for a genuine id.
func (w *world) call(raw string) (*Call, Parties) {
	t := target.Split([]byte("/api/v1/cpa/action"+raw), nil)
	c := &Call{
		Sibling: t.Door == target.Sibling, Code: t.Code, RawCode: t.RawCode,
		Params: target.PostbackParams(t.Query, t.Door == target.Sibling, nil),
		HTTPS:  w.https, ClaimsHTTPS: w.claims, Browser: w.browser, AnySender: w.anySender,
	}
	if w.addr != "" {
		c.Addr = netip.MustParseAddr(w.addr)
	}
	if c.Sibling {
		c.Code = c.Params.ClickID
	}
	var p Parties
	if string(c.Code) == "genuine" {
		c.Genuine, c.Origin = true, w.origin
		p.Campaign, p.Account = &w.campaign, &w.account
	}
	for i := range keys {
		if bytes.Equal(keys[i].Hash[:], hashOf(c.Params.Key)) {
			p.Key = &keys[i]
		}
	}
	return c, p
}

func hashOf(key []byte) []byte {
	h := homing.HashKey(key)
	return h[:]
}

func (w *world) judge(raw string) Ruling {
	c, p := w.call(raw)
	return Judge(c, p, now)
}

// rulings is the table that every reason of the judge must stand in.
var rulings = []struct {
	why    string
	with   func(w *world)
	raw    string // below /api/v1/cpa/action
	reason homing.Reason
	detail string // "|" between the two
}{
	{"seed's simple form", nil, "/genuine", homing.ReasonCounted, ""},
	{"seed's value", nil, "/genuine?value=2.10", homing.ReasonCounted, ""},
	{"seed's multi-lead form", nil, "/genuine?value=2.1&lead_code=abcd1234567890&key=" + goodKey, homing.ReasonCounted, ""},
	{"sibling form", nil, "?clickid=genuine&value=1", homing.ReasonCounted, ""},
	{"plain http without a lead code", plainHTTP, "/genuine?value=2&key=" + goodKey, homing.ReasonCounted, ""},
	{"a key without multiple leads", singleLead, "/genuine?key=" + goodKey, homing.ReasonCounted, ""},
	{"a key in its overlap", nil, "/genuine?lead_code=a&key=" + oldKey, homing.ReasonCounted, ""},
	{"empty parameters", plainHTTP, "/genuine?value=&lead_code=&key=&price=&goalid=&currency=", homing.ReasonCounted, ""},
	{"a paused campaign", func(w *world) { w.campaign.Status = homing.CampaignPaused }, "/genuine", homing.ReasonCounted, ""},
	{"the last moment of the window", func(w *world) { w.origin.Time = now - homing.Millis(homing.DefaultWindow/time.Millisecond) }, "/genuine", homing.ReasonCounted, ""},
	{"a clock ahead of ours", func(w *world) { w.origin.Time = now + 300_000 }, "/genuine", homing.ReasonCounted, ""},
	{"the account's currency in lower case", nil, "/genuine?currency=usd", homing.ReasonCounted, ""},
	{"a price with a key", nil, "/genuine?price=0&key=" + goodKey, homing.ReasonCounted, ""},
	{"unauthorizing account parameter", nil, "/genuine?account=someone", homing.ReasonCounted, ""},

	{"hold", func(w *world) { w.campaign.Hold = true }, "/genuine", homing.ReasonHold, ""},
	{"another currency", nil, "/genuine?currency=EUR", homing.ReasonCurrency, ""},
	{"another currency on hold", func(w *world) { w.campaign.Hold = true }, "/genuine?currency=EUR", homing.ReasonCurrency, ""},
	{"no currency at all", nil, "/genuine?currency=%7Bcurrency%7D", homing.ReasonCurrency, ""},
	{"late", lateClick, "/genuine", homing.ReasonLate, ""},
	{"late, on hold, another currency", func(w *world) { lateClick(w); w.campaign.Hold = true }, "/genuine?currency=EUR", homing.ReasonLate, ""},
	{"erased", erased, "/genuine?value=abc", homing.ReasonErased, ""},
	{"erased, wrong key over http", func(w *world) { erased(w); plainHTTP(w) }, "/genuine?lead_code=a&key=wrong", homing.ReasonErased, ""},

	{"no code", nil, "/", homing.ReasonCodeEmpty, ""},
	{"blank code", nil, "/%20%0A", homing.ReasonCodeEmpty, ""},
	{"sibling form without its id", nil, "?value=1", homing.ReasonCodeEmpty, ""},
	{"sibling form, empty id", nil, "?clickid=&value=1", homing.ReasonCodeEmpty, ""},
	{"other tracker's id", nil, "/w1a2b3c4d5e6f7g8h9i0jklm", homing.ReasonCodeOtherTracker, ""},
	{"macro", nil, "/{click_id}", homing.ReasonCodeMacro, ""},
	{"macro in the sibling form", nil, "?clickid={click_id}", homing.ReasonCodeMacro, ""},
	{"placeholder", nil, "/REPLACE", homing.ReasonCodePlaceholder, ""},
	{"cut", nil, "/" + sampleID[:39], homing.ReasonCodeCut, ""},
	{"long", nil, "/" + sampleID + "0", homing.ReasonCodeLong, ""},
	{"upper case", nil, "/" + strings.ToUpper(sampleID), homing.ReasonCodeUpperCase, ""},
	{"trailing slash", nil, "/" + sampleID + "/", homing.ReasonCodeTrailing, ""},
	{"spaces", nil, "/%20" + sampleID, homing.ReasonCodeSpaces, ""},
	{"encoded twice", nil, "/%2563" + sampleID[1:], homing.ReasonCodeEncodedTwice, ""},
	{"something else", nil, "/hello", homing.ReasonCodeFormat, ""},
	{"well-formed but not ours", nil, "/" + sampleID, homing.ReasonCodeNotMinted, ""},

	{"semicolon", nil, "/genuine?value=1;key=x", homing.ReasonQuerySyntax, ""},
	{"html", nil, "/genuine?value=1&amp;key=x", homing.ReasonQueryHTML, ""},
	{"too many", nil, "/genuine?" + strings.Repeat("a=1&", 33), homing.ReasonQueryTooMany, ""},
	{"too long", nil, "/genuine?a=" + strings.Repeat("a", 4096), homing.ReasonQueryTooLong, ""},
	{"too long beats code", nil, "/hello?a=" + strings.Repeat("a", 4096), homing.ReasonQueryTooLong, ""},
	{"twice", nil, "/genuine?value=1&value=1", homing.ReasonRepeated, "value"},
	{"clickid and click_id", nil, "?clickid=genuine&click_id=genuine", homing.ReasonRepeated, "clickid"},
	{"code beats query", nil, "/hello?value=1&value=1", homing.ReasonCodeFormat, ""},
	{"query beats code in the sibling form", nil, "?clickid=hello&value=1&value=1", homing.ReasonRepeated, "value"},
	{"query beats an erased account", erased, "/genuine?value[]=1", homing.ReasonRepeated, "value"},

	{"lead over http", plainHTTP, "/genuine?lead_code=a&key=" + goodKey, homing.ReasonHTTPSRequired, ""},
	{"lead over http without a key", plainHTTP, "/genuine?lead_code=a", homing.ReasonHTTPSRequired, ""},
	{"lead over http, wrong key, bad price", plainHTTP, "/genuine?lead_code=a&key=wrong&value=x", homing.ReasonHTTPSRequired, ""},
	{"lead over http, code first", plainHTTP, "/hello?lead_code=a", homing.ReasonCodeFormat, ""},
	{"untrusted proxy", func(w *world) { plainHTTP(w); w.claims = true }, "/genuine?lead_code=a&key=" + goodKey, homing.ReasonHTTPSUntrustedProxy, ""},

	{"permitted sender", senders("203.0.113.0/24", "2001:db8::/32"), "/genuine", homing.ReasonCounted, ""},
	{"permitted sender over IPv6", func(w *world) { senders("2001:db8::/32")(w); w.addr = "2001:db8::1" }, "/genuine", homing.ReasonCounted, ""},
	{"permitted sender, mapped", func(w *world) { senders("203.0.113.7/32")(w); w.addr = "::ffff:203.0.113.7" }, "/genuine", homing.ReasonCounted, ""},
	{"other sender", senders("203.0.113.8/32"), "/genuine", homing.ReasonSender, ""},
	{"other sender with the key", senders("198.51.100.0/24"), "/genuine?lead_code=a&key=" + goodKey, homing.ReasonSender, ""},
	{"other sender beats a wrong key", senders("198.51.100.0/24"), "/genuine?key=wrong", homing.ReasonSender, ""},
	{"https beats the sender", func(w *world) { senders("198.51.100.0/24")(w); plainHTTP(w) }, "/genuine?lead_code=a", homing.ReasonHTTPSRequired, ""},
	{"unknown sender", func(w *world) { senders("0.0.0.0/0", "::/0")(w); w.addr = "" }, "/genuine", homing.ReasonSender, ""},
	{"unknown sender of a rehearsal", func(w *world) { senders("198.51.100.0/24")(w); w.anySender = true }, "/genuine", homing.ReasonCounted, ""},

	{"lead without a key", nil, "/genuine?lead_code=a", homing.ReasonKeyMissing, ""},
	{"lead without a key, single lead", singleLead, "/genuine?lead_code=a", homing.ReasonKeyMissing, ""},
	{"price without a key", nil, "/genuine?price=1", homing.ReasonKeyMissingForPrice, ""},
	{"wrong key", nil, "/genuine?lead_code=a&key=000000000000000000000000000000000000", homing.ReasonKeyWrong, ""},
	{"wrong key alone", nil, "/genuine?key=000000000000000000000000000000000000", homing.ReasonKeyWrong, ""},
	{"wrong key over http", plainHTTP, "/genuine?key=000000000000000000000000000000000000", homing.ReasonKeyWrong, ""},
	{"key cut by one", nil, "/genuine?key=" + goodKey[:35], homing.ReasonKeyWrong, ""},
	{"key macro", nil, "/genuine?key={secret_key}", homing.ReasonKeyMacro, ""},
	{"key placeholder", nil, "/genuine?key=REPLACE_ME", homing.ReasonKeyMacro, ""},
	{"short key", nil, "/genuine?key=wrong", homing.ReasonKeyShape, ""},
	{"long key", nil, "/genuine?key=" + strings.Repeat("a", 1500), homing.ReasonKeyShape, ""},
	{"key and NUL", nil, "/genuine?key=" + goodKey + "%00", homing.ReasonKeyShape, ""},
	{"star", nil, "/genuine?lead_code=a&key=*", homing.ReasonKeyShape, ""},
	{"other account's key", nil, "/genuine?lead_code=a&key=" + otherKey, homing.ReasonKeyOtherAccount, ""},
	{"expired key", nil, "/genuine?key=" + goneKey, homing.ReasonKeyExpired, ""},
	{"revoked key", nil, "/genuine?key=" + deadKey, homing.ReasonKeyRevoked, ""},
	{"no multiple leads", singleLead, "/genuine?lead_code=a&key=" + goodKey, homing.ReasonMultiLeadForbidden, ""},
	{"key beats lead code and price", nil, "/genuine?value=abc&lead_code=%01&key=wrong", homing.ReasonKeyShape, ""},

	{"lead of 256", nil, withLead(strings.Repeat("a", 256)), homing.ReasonLeadTooLong, ""},
	{"lead of 255", nil, withLead(strings.Repeat("a", 255)), homing.ReasonCounted, ""},
	{"lead with C0", nil, withLead("a%1B%5B31m"), homing.ReasonLeadControl, ""},
	{"lead with NUL", nil, withLead("a%00"), homing.ReasonLeadControl, ""},
	{"lead with DEL", nil, withLead("a%7F"), homing.ReasonLeadControl, ""},
	{"lead with C1", nil, withLead("a%C2%85"), homing.ReasonLeadControl, ""},
	{"lead not UTF-8", nil, withLead("%FF%FE"), homing.ReasonLeadEncoding, ""},
	{"overlong lead", nil, withLead("%C0%AF"), homing.ReasonLeadEncoding, ""},
	{"surrogate in lead", nil, withLead("%ED%A0%80"), homing.ReasonLeadEncoding, ""},
	{"lead of the replacement character", nil, withLead("%EF%BF%BD"), homing.ReasonCounted, ""},
	{"Cyrillic lead", nil, withLead("%D0%B7-1"), homing.ReasonCounted, ""},
	{"lead beats price", nil, withLead("%01&value=abc"), homing.ReasonLeadControl, ""},

	{"value macro", nil, "/genuine?value=%7Bpayout%7D", homing.ReasonValueMacro, `parsing "{payout}": invalid syntax`},
	{"value null", nil, "/genuine?value=null", homing.ReasonValueMacro, `parsing "null": invalid syntax`},
	{"value comma", nil, "/genuine?value=1,50", homing.ReasonValueComma, `parsing "1,50": invalid syntax`},
	{"value currency", nil, "/genuine?value=%2410", homing.ReasonValueCurrency, `parsing "$10": invalid syntax`},
	{"value spaces", nil, "/genuine?value=%201.5", homing.ReasonValueSpaces, `parsing " 1.5": invalid syntax`},
	{"value too long", nil, "/genuine?value=" + strings.Repeat("1", 65), homing.ReasonValueTooLong, `parsing "111111111111111"…: longer than 64 bytes`},
	{"value syntax", nil, "/genuine?value=abc", homing.ReasonValueSyntax, `parsing "abc": invalid syntax`},
	{"zero", nil, "/genuine?value=0", homing.ReasonValueZero, "0.010|200.000"},
	{"minus zero", nil, "/genuine?value=-0.0", homing.ReasonValueZero, "0.010|200.000"},
	{"negative", nil, "/genuine?value=-1", homing.ReasonValueNegative, "0.010|200.000"},
	{"tiny", nil, "/genuine?value=1e-400", homing.ReasonValueBelow, "0.010|200.000"},
	{"below", nil, "/genuine?value=0.0099999999999999999", homing.ReasonValueBelow, "0.010|200.000"},
	{"above", nil, "/genuine?value=200.00000000000001", homing.ReasonValueAbove, "0.010|200.000"},
	{"huge", nil, "/genuine?value=9999999999999999999999", homing.ReasonValueAbove, "0.010|200.000"},
	{"lower bound", nil, "/genuine?value=0.010", homing.ReasonCounted, ""},
	{"upper bound", nil, "/genuine?value=2E2", homing.ReasonCounted, ""},
	{"an account's own range", func(w *world) { w.account.PriceMin, w.account.PriceMax = 0, 5*homing.Unit }, "/genuine?value=6", homing.ReasonValueAbove, "0.000|5.000"},
	{"zero where it is allowed", func(w *world) { w.account.PriceMin = 0 }, "/genuine?value=0", homing.ReasonCounted, ""},
	{"price syntax", nil, "/genuine?price=abc&key=" + goodKey, homing.ReasonPriceSyntax, `parsing "abc": invalid syntax`},
	{"price syntax beats value range", nil, "/genuine?value=0&price=abc&key=" + goodKey, homing.ReasonPriceSyntax, `parsing "abc": invalid syntax`},
	{"price above", nil, "/genuine?price=200.0000001&key=" + goodKey, homing.ReasonPriceRange, "0.000|200.000"},
	{"price negative", nil, "/genuine?price=-0.0000001&key=" + goodKey, homing.ReasonPriceRange, "0.000|200.000"},
	{"price errors stand on a late click too", lateClick, "/genuine?value=abc", homing.ReasonValueSyntax, `parsing "abc": invalid syntax`},
}

func senders(networks ...string) func(*world) {
	return func(w *world) {
		for _, n := range networks {
			w.account.Senders = append(w.account.Senders, netip.MustParsePrefix(n))
		}
	}
}
func plainHTTP(w *world)  { w.https = false }
func singleLead(w *world) { w.account.MultiLead = false }
func erased(w *world)     { w.account.Erased = true }
func lateClick(w *world) {
	w.origin.Time = now - homing.Millis(homing.DefaultWindow/time.Millisecond) - 1
}
func withLead(lead string) string { return "/genuine?key=" + goodKey + "&lead_code=" + lead }

func TestJudge(t *testing.T) {
	for _, c := range rulings {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld()
			if c.with != nil {
				c.with(w)
			}
			r := w.judge(c.raw)
			if r.Verdict.Reason != c.reason {
				t.Fatalf("reason %s, want %s", r.Verdict.Reason, c.reason)
			}
			if r.Verdict.Outcome != c.reason.Info().Outcome {
				t.Errorf("outcome %s, want %s", r.Verdict.Outcome, c.reason.Info().Outcome)
			}
			if detail := strings.TrimSuffix(strings.Join(r.Detail[:], "|"), "|"); detail != c.detail {
				t.Errorf("detail %q, want %q", detail, c.detail)
			}
			checkRuling(t, r)
		})
	}
}

// checkRuling checks what holds for every ruling.
func checkRuling(t *testing.T, r Ruling) {
	t.Helper()
	info := r.Verdict.Reason.Info()
	if wants := strings.Count(info.Answer.Text(), "%s"); wants == 0 && r.Detail != [2]string{} ||
		wants >= 1 && r.Detail[0] == "" || (wants == 2) != (r.Detail[1] != "") {
		t.Errorf("answer %q with details %q", info.Answer.Text(), r.Detail)
	}
	final := r.Verdict.Outcome == homing.Refused || r.Verdict.Outcome == homing.Ignored
	claims := r.Status != 0 || r.Goal != 0 || r.Lead != nil || r.Value.Given || r.Price != 0 || r.Currency != ""
	if final && claims {
		t.Errorf("a final ruling claims something: %+v", r)
	}
	if !final && r.Status == 0 {
		t.Error("a ruling that is not final has no status")
	}
	if r.KeyPassed != (r.Key != 0) {
		t.Errorf("key passed %v, key %d", r.KeyPassed, r.Key)
	}
}

func TestEveryReasonIsReached(t *testing.T) {
	reached := map[homing.Reason]bool{}
	for _, c := range rulings {
		reached[c.reason] = true
	}
	for _, r := range []homing.Reason{homing.ReasonMethod, homing.ReasonBody, homing.ReasonTransferEncoding} {
		if v := Refuse(r).Verdict; v != (homing.Verdict{Outcome: homing.Refused, Reason: r}) {
			t.Errorf("Refuse(%s) = %+v", r, v)
		}
		reached[r] = true
	}
	r := newWorld().judge("/genuine?value=2")
	for _, s := range []Standing{{Value: homing.ValueOf(2 * homing.Unit)}, {Value: homing.ValueOf(3 * homing.Unit)}} {
		reached[r.Settle(s).Reason] = true
	}
	for _, r := range homing.Reasons() {
		if !reached[r] {
			t.Errorf("no call gets reason %s", r)
		}
	}
}

func TestStatusOfAClaim(t *testing.T) {
	for reason, status := range map[homing.Reason]homing.Status{
		homing.ReasonCounted: homing.Approved, homing.ReasonHold: homing.Pending,
		homing.ReasonCurrency: homing.Pending, homing.ReasonLate: homing.LateStatus,
	} {
		for _, c := range rulings {
			if c.reason != reason {
				continue
			}
			w := newWorld()
			if c.with != nil {
				c.with(w)
			}
			if got := w.judge(c.raw).Status; got != status {
				t.Errorf("%s: status %s, want %s", c.why, got, status)
			}
		}
	}
}

func TestErasedAccountLeavesNothing(t *testing.T) {
	w := newWorld()
	erased(w)
	w.browser = true
	r := w.judge("/genuine?value=1&lead_code=a&status=1&goalid=9&currency=EUR&key=" + goodKey)
	want := Ruling{Verdict: homing.Verdict{Outcome: homing.Ignored, Reason: homing.ReasonErased}}
	if fmt.Sprint(r) != fmt.Sprint(want) {
		t.Errorf("got %+v", r)
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		why  string
		with func(w *world)
		raw  string
		want string
	}{
		{"none", nil, "/genuine?value=1&lead_code=L1&goalid=3&currency=USD&key=" + goodKey, ""},
		{"key over http", plainHTTP, "/genuine?key=" + goodKey, "key_over_http"},
		{"key over http beside a lead code", plainHTTP, "/genuine?lead_code=a&key=" + goodKey, "key_over_http"},
		{"a second ahead", func(w *world) { w.origin.Time = now + 1000 }, "/genuine", ""},
		{"more than a second ahead", func(w *world) { w.origin.Time = now + 1001 }, "/genuine", "from_future"},
		{"goal of another campaign", nil, "/genuine?goalid=4", "unknown_goal"},
		{"goal of letters", nil, "/genuine?goalid=sale", "unknown_goal"},
		{"goal beyond its range", nil, "/genuine?goalid=4294967299", "unknown_goal"},
		{"goal 0", nil, "/genuine?goalid=0", ""},
		{"currency", nil, "/genuine?currency=EUR", "currency_differs"},
		{"status and allow_duplicates", nil, "/genuine?status=1&allow_duplicates=0", "status_ignored allow_duplicates_ignored"},
		{"value cut", nil, "/genuine?value=1.2345678", "value_cut"},
		{"value cut of zeros only", nil, "/genuine?value=1.2345670", ""},
		{"price cut", nil, "/genuine?price=1.2345678&key=" + goodKey, "value_cut"},
		{"lead macro", nil, withLead("%7Btid%7D"), "lead_macro"},
		{"lead placeholder", nil, withLead("undefined"), "lead_macro"},
		{"test", func(w *world) { w.origin.Node = homing.FirstTestNode }, "/genuine", "test"},
		{"test, refused", func(w *world) { w.origin.Node = homing.FirstTestNode }, "/genuine?value=abc", "test"},
		{"default value", func(w *world) { w.campaign.DefaultValue = homing.ValueOf(5) }, "/genuine?value=", "default_value"},
		{"default value not used", func(w *world) { w.campaign.DefaultValue = homing.ValueOf(5) }, "/genuine?value=1", ""},
		{"old key", nil, "/genuine?key=" + oldKey, "old_key"},
		{"untrusted proxy", func(w *world) { plainHTTP(w); w.claims = true }, "/genuine", "untrusted_proxy"},
		{"paused", func(w *world) { w.campaign.Status = homing.CampaignPaused }, "/genuine", "paused_campaign"},
		{"browser", func(w *world) { w.browser = true }, "/hello", "browser"},
	} {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld()
			if c.with != nil {
				c.with(w)
			}
			if got := strings.Join(w.judge(c.raw).Verdict.Flags.Names(), " "); got != c.want {
				t.Errorf("flags %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatIsClaimed(t *testing.T) {
	w := newWorld()
	w.campaign.DefaultValue = homing.ValueOf(5 * homing.Unit)
	for raw, want := range map[string]string{
		"/genuine":                                                             "goal 0 lead  value 5.00 price 0.00 currency ",
		"/genuine?value=1.23456789":                                            "goal 0 lead  value 1.234567 price 0.00 currency ",
		"/genuine?goalid=03&currency=usd":                                      "goal 3 lead  value 5.00 price 0.00 currency USD",
		"/genuine?goalid=4&currency=bit%0Acoin":                                "goal 0 lead  value 5.00 price 0.00 currency other",
		"/genuine?currency=" + strings.Repeat("%D1%8F", 9):                     "goal 0 lead  value 5.00 price 0.00 currency other",
		"/genuine?value=2&price=0.75&lead_code=%D1%8F+a&key=" + goodKey:        "goal 0 lead я a value 2.00 price 0.75 currency ",
		"/genuine?value=199.9999999&price=199.9999999&lead_code&key=" + oldKey: "goal 0 lead  value 199.999999 price 199.999999 currency ",
	} {
		r := w.judge(raw)
		got := fmt.Sprintf("goal %s lead %s value %s price %s currency %s", r.Goal, r.Lead, r.Value, r.Price, r.Currency)
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", raw, got, want)
		}
	}
	w.campaign.DefaultValue = homing.Value{}
	if v := w.judge("/genuine").Value; v.Given {
		t.Errorf("without a default the value is %s, want empty", v)
	}
}

func TestOnlyAPassedKeyOpensTheFineReason(t *testing.T) {
	for raw, passed := range map[string]bool{
		"/genuine?value=abc":                             false,
		"/genuine?value=abc&key=" + goodKey:              true,
		"/genuine?value=abc&key=" + otherKey:             false,
		"/genuine?value=abc&key=" + goneKey:              false,
		"/genuine?value=1&value=1&key=" + goodKey:        false, // refused before the key was looked at
		"/hello?key=" + goodKey:                          false,
		"/genuine?lead_code=%01&value=abc&key=" + oldKey: true,
	} {
		if r := newWorld().judge(raw); r.KeyPassed != passed {
			t.Errorf("%s: key passed = %v", raw, r.KeyPassed)
		}
	}
	w := newWorld()
	singleLead(w)
	if !w.judge("/genuine?lead_code=a&key=" + goodKey).KeyPassed {
		t.Error("an account that may not send leads is not told so")
	}
}

// A key whose hash is not the given one opens nothing, whatever the catalog
// says.
func TestTheJudgeComparesTheKeyItself(t *testing.T) {
	c, p := newWorld().call("/genuine?key=" + goodKey)
	p.Key = &keys[1]
	if r := Judge(c, p, now); r.Verdict.Reason != homing.ReasonKeyWrong {
		t.Errorf("reason %s", r.Verdict.Reason)
	}
}

func TestSettle(t *testing.T) {
	two, three := homing.ValueOf(2*homing.Unit), homing.ValueOf(3*homing.Unit)
	for _, c := range []struct {
		why, raw string
		standing Standing
		want     string
	}{
		{"first", "/genuine?value=2", Standing{First: true, Value: two}, "counted counted []"},
		{"first, mixed", "/genuine?value=2", Standing{First: true, Value: two, Mixed: true}, "counted counted [simple_and_lead]"},
		{"repeat", "/genuine?value=2", Standing{Value: two}, "duplicate duplicate []"},
		{"repeat, other value", "/genuine?value=2", Standing{Value: three}, "duplicate duplicate_value_differs [value_differs]"},
		{"repeat, first had none", "/genuine?value=2", Standing{}, "duplicate duplicate_value_differs [value_differs]"},
		{"repeat without value", "/genuine", Standing{Value: three}, "duplicate duplicate [default_value]"},
		{"late repeat, mixed", "/genuine?value=2", Standing{Value: two, Mixed: true}, "duplicate duplicate [simple_and_lead]"},
	} {
		w := newWorld()
		w.campaign.DefaultValue = two
		r := w.judge(c.raw)
		v := r.Settle(c.standing)
		if got := fmt.Sprint(v.Outcome, v.Reason, v.Flags.Names()); got != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
}

func TestAGoodCallDoesNotAllocate(t *testing.T) {
	for _, raw := range []string{"/genuine", "/genuine?value=2.10", "/genuine?value=2.1&lead_code=abcd1234567890&goalid=3&currency=usd&key=" + goodKey} {
		c, p := newWorld().call(raw)
		if n := testing.AllocsPerRun(100, func() { Judge(c, p, now) }); n != 0 {
			t.Errorf("%s: %v allocations", raw, n)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	for name, raw := range map[string]string{"simple": "/genuine?value=2.10", "lead": "/genuine?value=2.1&lead_code=abcd1234567890&key=" + goodKey, "macro": "/%7Bexternalid%7D?value=%7Bpayout%7D"} {
		c, p := newWorld().call(raw)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Judge(c, p, now)
			}
		})
	}
}

// FuzzJudge: whatever is sent, the judge rules, and its ruling holds together.
func FuzzJudge(f *testing.F) {
	for _, c := range rulings {
		f.Add(c.raw, true)
	}
	f.Fuzz(func(t *testing.T, raw string, https bool) {
		w := newWorld()
		w.https = https
		r := w.judge(raw)
		checkRuling(t, r)
		if r.Verdict.Outcome != homing.Counted && r.Verdict.Outcome != homing.Refused {
			t.Errorf("%q: outcome %s", raw, r.Verdict.Outcome)
		}
		if r.Lead != nil && !(https && r.KeyPassed) {
			t.Errorf("%q: a lead code without https or key", raw)
		}
		if r.Price != 0 && !r.KeyPassed {
			t.Errorf("%q: a price without a key", raw)
		}
	})
}

// TestAKeyOverHTTPIsExposed: a call with a lead code over plain http is refused
// before its key is checked, and has shown it to whoever listens.
func TestAKeyOverHTTPIsExposed(t *testing.T) {
	for _, c := range []struct {
		name  string
		with  func(*world)
		call  string
		known bool
	}{
		{"over http", plainHTTP, "/genuine?lead_code=a&key=" + goodKey, true},
		{"over http, wrong key", plainHTTP, "/genuine?lead_code=a&key=wrongwrongwrongwrong", false},
		{"over http, no key", plainHTTP, "/genuine?lead_code=a", false},
		{"over https", func(*world) {}, "/genuine?lead_code=a&key=" + goodKey, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.with(w)
			r := w.judge(c.call)
			if (r.Exposed != 0) != c.known || r.KeyPassed && c.known {
				t.Errorf("exposed %d, passed %v", r.Exposed, r.KeyPassed)
			}
		})
	}
}
