package tracker_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/rule/tracker"
)

const action = "http://t.example.com/api/v1/cpa/action/"

// repairs are pasted texts, the tracker that is to call them, what is said, and
// what becomes of them.
var repairs = []struct {
	text, tracker, says, want string
}{
	// In order.
	{action + "{externalid}?value={payout}&account=AbCdEf123456", "voluum", "", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{click_id}?account=AbCdEf123456", "adjust", "", action + "{click_id}?account=AbCdEf123456"},
	{action + "#s2#?value=#price#&account=AbCdEf123456", "cake", "", action + "#s2#?value=#price#&account=AbCdEf123456"},
	// The click id.
	{action + "{click_id}?account=AbCdEf123456", "voluum", "place-holder of ours", action + "{externalid}?account=AbCdEf123456"},
	{action + "{external_id}?account=AbCdEf123456", "voluum", "Voluum writes it {externalid}, not {external_id}", action + "{externalid}?account=AbCdEf123456"},
	{action + "{externalid}?account=AbCdEf123456", "bemob", "BeMob writes it {externalId}", action + "{externalId}?account=AbCdEf123456"},
	{action + "{subid}?account=AbCdEf123456", "keitaro", "is not how Keitaro writes", action + "{external_id}?account=AbCdEf123456"},
	{action + "{s2}?account=AbCdEf123456", "cake", "CAKE writes it #s2#", action + "#s2#?account=AbCdEf123456"},
	{action + "REPLACE?account=AbCdEf123456", "voluum", "never filled in", action + "{externalid}?account=AbCdEf123456"},
	{action + "externalid?account=AbCdEf123456", "voluum", "is no macro", action + "{externalid}?account=AbCdEf123456"},
	{action + "?account=AbCdEf123456", "voluum", "There is no macro for the id", action + "{externalid}?account=AbCdEf123456"},
	{action + strings.Repeat("6f1e0a4b9c", 4) + "?account=AbCdEf123456", "voluum", "A real click id", action + "{externalid}?account=AbCdEf123456"},
	{action + "{externalid}/?account=AbCdEf123456", "voluum", "A slash follows", action + "{externalid}?account=AbCdEf123456"},
	{action + "{externalid}/thanks?account=AbCdEf123456", "voluum", "Something follows the click id", action + "{externalid}?account=AbCdEf123456"},
	{"http://t.example.com/api/v1/cpa/action?clickid={externalid}&account=AbCdEf123456", "voluum", "stands in a parameter", action + "{externalid}?account=AbCdEf123456"},
	{action + "{click_id}?account=AbCdEf123456", "", "Choose your tracker", ""},
	{action + "{externalid}?account=AbCdEf123456", "", "is how Voluum, Binom, PeerClick, ClickFlare or Trackerry writes", action + "{externalid}?account=AbCdEf123456"},
	{action + "{clickid}?account=AbCdEf123456", "", "usually the tracker's own", action + "{clickid}?account=AbCdEf123456"},
	// Encodings.
	{action + "%7Bexternalid%7D?value=%7Bpayout%7D&account=AbCdEf123456", "voluum", "percent-encoded", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "%257Bexternalid%257D?account=AbCdEf123456", "voluum", "percent-encoded twice", action + "{externalid}?account=AbCdEf123456"},
	{action + "%7B%21tscode%21%7D?account=AbCdEf123456", "cpvlab", "percent-encoded", action + "{!tscode!}?account=AbCdEf123456"},
	{"http%3A%2F%2Ft.example.com%2Fapi%2Fv1%2Fcpa%2Faction%2F%7Bexternalid%7D%3Faccount%3DAbCdEf123456", "voluum", "whole URL", action + "{externalid}?account=AbCdEf123456"},
	{action + "{externalid}?value={payout}&amp;account=AbCdEf123456", "voluum", "&amp;", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?value={payout};account=AbCdEf123456", "voluum", "semicolon", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}? value={payout}&\naccount=AbCdEf123456", "voluum", "blanks", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}&value={payout}&account=AbCdEf123456", "voluum", "must follow a ?", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?value={payout}?account=AbCdEf123456", "voluum", "two question marks", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{"curl -s '" + action + "{externalid}?account=AbCdEf123456' -o /dev/null", "voluum", "left out", action + "{externalid}?account=AbCdEf123456"},
	{"“" + action + "{externalid}?account=AbCdEf123456”", "voluum", "left out", action + "{externalid}?account=AbCdEf123456"},
	// Parameters.
	{action + "{externalid}?value={payout}", "voluum", "is missing", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?account=Other1234567", "voluum", "is not yours", action + "{externalid}?account=AbCdEf123456"},
	{action + "{externalid}?payout={payout}&account=AbCdEf123456", "voluum", "payout is called value", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?price={payout}&account=AbCdEf123456", "voluum", "price is what you are charged", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?Value={payout}&account=AbCdEf123456", "voluum", "Value is called value", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?value[]={payout}&account=AbCdEf123456", "voluum", "is called value", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?value={payout}&value=1&account=AbCdEf123456", "voluum", "twice", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{externalid}?value={price}&account=AbCdEf123456", "voluum", "Voluum writes {payout}", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{action + "{external_id}?value={payout}&account=AbCdEf123456", "keitaro", "Keitaro writes {revenue}", action + "{external_id}?value={revenue}&account=AbCdEf123456"},
	{action + "{externalid}?value=2,10&account=AbCdEf123456", "voluum", "2.10", action + "{externalid}?value=2.10&account=AbCdEf123456"},
	{action + "{externalid}?value=$1,234.50&account=AbCdEf123456", "voluum", "1234.50", action + "{externalid}?value=1234.50&account=AbCdEf123456"},
	{action + "{externalid}?value=1.234,50USD&account=AbCdEf123456", "voluum", "1234.50", action + "{externalid}?value=1234.50&account=AbCdEf123456"},
	{action + "{externalid}?value=2.10&account=AbCdEf123456", "voluum", "the same 2.10 for every call", action + "{externalid}?value=2.10&account=AbCdEf123456"},
	{action + "{externalid}?x={country}&account=AbCdEf123456", "voluum", "Nothing here looks at x", action + "{externalid}?x={country}&account=AbCdEf123456"},
	{action + "{externalid}?value={payout}&price=1.50&account=AbCdEf123456", "voluum", "A price without a key", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	// Multiple leads, keys, hosts.
	{action + "{external_id}?lead_code={tid}&key={secret_key}&account=AbCdEf123456", "keitaro", "A lead_code over plain http is refused",
		"https://t.example.com/api/v1/cpa/action/{external_id}?lead_code={tid}&key={secret_key}&account=AbCdEf123456"},
	{"https://t.example.com/api/v1/cpa/action/{external_id}?lead_code={tid}&account=AbCdEf123456", "keitaro", "without a key",
		"https://t.example.com/api/v1/cpa/action/{external_id}?lead_code={tid}&key={secret_key}&account=AbCdEf123456"},
	{"https://t.example.com/api/v1/cpa/action/{external_id}?lead-code={unique_lead_code}&key=" + secret.Reveal() + "&account=AbCdEf123456", "keitaro", "Your key is not shown",
		"https://t.example.com/api/v1/cpa/action/{external_id}?lead_code={tid}&key={secret_key}&account=AbCdEf123456"},
	{"https://t.example.com/api/v1/cpa/action/{externalid}?lead_code={x}&key=" + secret.Reveal() + "&account=AbCdEf123456", "voluum", "was not confirmed",
		"https://t.example.com/api/v1/cpa/action/{externalid}?lead_code={x}&key={secret_key}&account=AbCdEf123456"},
	{action + "{externalid}?key=" + secret.Reveal() + "&account=AbCdEf123456", "voluum", "The key goes over plain http",
		"https://t.example.com/api/v1/cpa/action/{externalid}?key={secret_key}&account=AbCdEf123456"},
	{"https://t.example.com/api/v1/cpa/action/{externalid}?key=short&account=AbCdEf123456", "voluum", "can be none",
		"https://t.example.com/api/v1/cpa/action/{externalid}?key={secret_key}&account=AbCdEf123456"},
	{"http://old.example.com/api/v1/cpa/action/{externalid}?account=AbCdEf123456", "voluum", "leads to old.example.com", action + "{externalid}?account=AbCdEf123456"},
	{"t.example.com/api/v1/cpa/action/{externalid}?account=AbCdEf123456", "voluum", "no scheme", "https://t.example.com/api/v1/cpa/action/{externalid}?account=AbCdEf123456"},
	{"HTTPS://T.EXAMPLE.COM/api/v1/cpa/action/{externalid}?account=AbCdEf123456", "voluum", "", "https://t.example.com/api/v1/cpa/action/{externalid}?account=AbCdEf123456"},
	// What is no postback at all.
	{"https://trk.example/8c1f?external_id={click_id}", "voluum", "looks like a campaign's URL", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{"http://t.example.com/c/AbCd", "voluum", "This is a click URL", action + "{externalid}?value={payout}&account=AbCdEf123456"},
	{"https://other.example/postback?cid={externalid}", "", "does not lead to", ""},
	{"hello", "adsbridge", "does not lead to", ""},
}

func TestRepair(t *testing.T) {
	d := newDoor(t)
	for _, c := range repairs {
		tr := tracker.ByID(c.tracker)
		r := tracker.Repair(c.text, tr, options)
		var said []string
		for _, f := range r.Findings {
			said = append(said, f.Text)
		}
		if got := strings.Join(said, "\n"); (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s for %q\nsays %q, want %q", c.text, c.tracker, got, c.says)
		}
		if r.URL != c.want {
			t.Errorf("%s for %q\ngot  %s\nwant %s", c.text, c.tracker, r.URL, c.want)
		}
		if strings.Contains(r.Given+r.URL+strings.Join(said, ""), secret.Reveal()[:20]) {
			t.Errorf("%s: the key is given back", c.text)
		}
		if r.URL == "" || tr == nil {
			continue
		}
		again := tracker.Repair(r.URL, tr, options)
		if again.URL != r.URL {
			t.Errorf("%s\nmended again it is %s", r.URL, again.URL)
		}
		for _, f := range again.Findings {
			if f.Serious {
				t.Errorf("%s\nis still wrong: %s", r.URL, f.Text)
			}
		}
		called := strings.NewReplacer("{x}", "order-1", "{country}", "DE").Replace(d.call(tr, r.URL))
		if got := d.judge(t, called).Verdict.Reason; got != homing.ReasonCounted && got != homing.ReasonValueAbove {
			t.Errorf("%s\nis called as %s\nand is %s", r.URL, called, got)
		}
	}
}

func TestRepairTakesOutWhatWouldBeRefused(t *testing.T) {
	off := options
	off.MultiLead = false
	r := tracker.Repair("https://t.example.com/api/v1/cpa/action/{external_id}?lead_code={tid}&account=AbCdEf123456", tracker.ByID("keitaro"), off)
	if r.URL != "https://t.example.com/api/v1/cpa/action/{external_id}?account=AbCdEf123456" || len(r.Findings) != 1 || !r.Findings[0].Serious {
		t.Errorf("%+v", r)
	}
	if r := tracker.Repair("  ", nil, options); r.URL != "" || len(r.Findings) != 0 {
		t.Errorf("nothing became %+v", r)
	}
	if r := tracker.Repair(strings.Repeat("{", 10_000), nil, options); len(r.Given) > 8<<10 || len(r.Findings) != 1 {
		t.Errorf("a long text: %d bytes, %v", len(r.Given), r.Findings)
	}
}

// Whatever is pasted, a mended URL stays as it is when it is pasted again.
func TestAMendedURLIsInOrder(t *testing.T) {
	pieces := rapid.SampledFrom([]string{
		"http://", "https://", "t.example.com", "/api/v1/cpa/action/", "{externalid}", "{click_id}", "?", "&", "value=", "lead_code=", "key=", "account=", "price=",
		"{payout}", "{price}", "2,10", "AbCdEf123456", "%7B", "%257B", "&amp;", ";", " ", "\n", "'", "\"", "curl ", "x", "é", "\xff", secret.Reveal(), "goalid=1", "[]", "=", "/",
	})
	trackers := append(tracker.All(), nil)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "ours") {
			text = action + text
		}
		tr := rapid.SampledFrom(trackers).Draw(t, "tracker")
		once := tracker.Repair(text, tr, options)
		if strings.Contains(once.URL, secret.Reveal()) || strings.Contains(once.Given, secret.Reveal()) {
			t.Fatalf("%q gives the key back: %+v", text, once)
		}
		if once.URL == "" || tr == nil {
			return
		}
		if twice := tracker.Repair(once.URL, tr, options); twice.URL != once.URL {
			t.Fatalf("%q\nonce  %q\ntwice %q", text, once.URL, twice.URL)
		}
	})
}
