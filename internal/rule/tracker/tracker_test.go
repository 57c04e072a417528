package tracker_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/rule/judge"
	"homing/internal/rule/macro"
	"homing/internal/rule/target"
	"homing/internal/rule/tracker"
)

var options = tracker.Options{
	Base: "http://t.example.com", SecureBase: "https://t.example.com", Account: "AbCdEf123456", MultiLead: true,
}

func TestTheFileIsComplete(t *testing.T) {
	seen := map[string]bool{}
	kinds := map[tracker.Kind]bool{}
	for _, k := range tracker.Kinds() {
		kinds[k.Kind] = true
	}
	for _, tr := range tracker.All() {
		if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(tr.ID) || seen[tr.ID] || tr.Name == "" || !kinds[tr.Kind] {
			t.Errorf("%q: id, name or kind", tr.ID)
		}
		seen[tr.ID] = true
		if tracker.ByID(tr.ID) != tr {
			t.Errorf("%s is not found by its id", tr.ID)
		}
		if len(tr.Sources) == 0 || len(tr.Steps) == 0 || tr.Tick == "" {
			t.Errorf("%s lacks sources, steps or what to tick", tr.ID)
		}
		for _, s := range tr.Sources {
			if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("%s: source %q is no https URL", tr.ID, s)
			}
		}
		if _, err := time.Parse(time.DateOnly, tr.CheckedOn); err != nil {
			t.Errorf("%s: checked on %q", tr.ID, tr.CheckedOn)
		}
		for _, token := range []tracker.Token{tr.Param, tr.Click, tr.Value, tr.Lead, tr.Status} {
			if token.Confidence < tracker.Guide || token.Confidence > tracker.Verified || token.Confidence == tracker.Typed {
				t.Errorf("%s: %q has confidence %d", tr.ID, token.Text, token.Confidence)
			}
			if !token.Known() && token.Confidence != tracker.Guide {
				t.Errorf("%s: a macro that is not known is %s", tr.ID, token.Confidence)
			}
		}
		if !tr.Param.Known() {
			t.Errorf("%s: no parameter takes the click id up", tr.ID)
		}
	}
	for _, id := range []string{"voluum", "binom", "keitaro", "redtrack", "bemob", "peerclick", "cpvlab", "clickflare", "zeustrack", "trackerry", "funnelflux",
		"adsbridge", "thrivetracker", "tune", "everflow", "affise", "cake", "scaleo", "appsflyer", "adjust", "branch", "kochava", "gtm", "server"} {
		if !seen[id] {
			t.Errorf("there is no template for %s", id)
		}
	}
}

// door is our own door without a network: it parses a URL and judges it.
type door struct {
	keyring *homing.Keyring
	origin  homing.Origin
	account homing.Account
	key     homing.Key
}

const secret = homing.Secret("kA7Zq2mX9cVb4NwL0sTy8RfGh3JdPu6EiQo1")

func newDoor(t *testing.T) *door {
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	return &door{
		keyring: ring, origin: homing.Origin{Time: homing.Epoch + 1_000_000, Node: 1, Campaign: 9},
		account: homing.Account{ID: 7, PublicID: options.Account, MultiLead: true, Currency: "USD", PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax},
		key:     homing.Key{ID: 1, Account: 7, Hash: secret.Hash()},
	}
}

func (d *door) clickID() string { return d.keyring.Seal(d.origin).String() }

// judge is what the door would say to a URL.
func (d *door) judge(t *testing.T, address string) judge.Ruling {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	split := target.Split([]byte(u.RequestURI()), nil)
	c := &judge.Call{Code: split.Code, RawCode: split.RawCode, Params: target.PostbackParams(split.Query, false, nil), HTTPS: u.Scheme == "https"}
	if id, ok := homing.ParseClickID(c.Code); ok {
		c.Origin, c.Genuine = d.keyring.Open(id)
		c.Click = id
	}
	if string(c.Params.Account) != d.account.PublicID {
		t.Errorf("%s: account=%s", address, c.Params.Account)
	}
	campaign := &homing.Campaign{ID: 9, Account: 7, Status: homing.CampaignActive, Window: homing.DefaultWindow}
	return judge.Judge(c, judge.Parties{Campaign: campaign, Account: &d.account, Key: &d.key}, d.origin.Time+60_000)
}

// call is what a tracker makes of its postback URL: its macros replaced, and the
// key where we left a place for it.
func (d *door) call(tr *tracker.Template, postback string) string {
	for _, r := range []struct{ token, value string }{
		{tr.Click.Text, d.clickID()}, {tr.Value.Text, "12.50"}, {tr.Lead.Text, "order-99321"}, {tracker.KeyPlace, secret.Reveal()},
	} {
		if r.token != "" {
			postback = strings.ReplaceAll(postback, r.token, r.value)
		}
	}
	return postback
}

func TestEveryTemplateExpandsToACallThatCounts(t *testing.T) {
	d := newDoor(t)
	for _, tr := range append(tracker.All(), tracker.General()) {
		made := 0
		for _, form := range tracker.Forms() {
			p := tr.Postback(form, options)
			if (p.Missing == tracker.Nothing) != (p.URL() != "") {
				t.Errorf("%s, %s: missing %d, URL %q", tr.ID, form, p.Missing, p.URL())
			}
			if p.URL() == "" {
				continue
			}
			made++
			called := d.call(tr, p.URL())
			r := d.judge(t, called)
			if r.Verdict.Reason != homing.ReasonCounted {
				t.Errorf("%s, %s: %s is %s", tr.ID, form, called, r.Verdict.Reason)
			}
			if form != tracker.Simple && tr.Value.Known() && r.Value != homing.ValueOf(25*homing.Unit/2) {
				t.Errorf("%s, %s: value %s", tr.ID, form, r.Value)
			}
			if form == tracker.MultiLead && (string(r.Lead) != "order-99321" || !r.KeyPassed) {
				t.Errorf("%s, %s: lead %q, key passed %v", tr.ID, form, r.Lead, r.KeyPassed)
			}
		}
		if made == 0 && !tr.Guide() {
			t.Errorf("%s is no guide, and has no postback", tr.ID)
		}
	}
}

func TestEveryTemplatesLinePassesTheLinter(t *testing.T) {
	for _, tr := range tracker.All() {
		appended := tr.Append("https://trk.example.com/campaign/8c1f?src=1")
		if found := macro.Lint(appended); len(found) > 0 {
			t.Errorf("%s: %s: %v", tr.ID, appended, found)
		}
		if !strings.HasSuffix(appended, "&"+tr.Line()) {
			t.Errorf("%s: %s does not end in %s", tr.ID, appended, tr.Line())
		}
	}
}

// A guide has no URL that could be taken for a finished one.
func TestGuidesAreNeverReady(t *testing.T) {
	guides := 0
	for _, tr := range tracker.All() {
		for _, form := range tracker.Forms() {
			if p := tr.Postback(form, options); p.Ready() && tr.Guide() {
				t.Errorf("%s, %s: a guide is ready", tr.ID, form)
			}
		}
		if tr.Guide() {
			guides++
		}
	}
	if guides == 0 || guides == len(tracker.All()) {
		t.Errorf("%d guides", guides)
	}
}

func TestAPostbackSaysWhatItLacks(t *testing.T) {
	voluum, keitaro, adsbridge := tracker.ByID("voluum"), tracker.ByID("keitaro"), tracker.ByID("adsbridge")
	off, plain := options, options
	off.MultiLead, plain.SecureBase = false, ""
	for _, c := range []struct {
		tr   *tracker.Template
		form tracker.Form
		o    tracker.Options
		want tracker.Missing
	}{
		{voluum, tracker.WithValue, options, tracker.Nothing},
		{voluum, tracker.MultiLead, options, tracker.NoLead},
		{keitaro, tracker.MultiLead, options, tracker.Nothing},
		{keitaro, tracker.MultiLead, off, tracker.LeadsOff},
		{keitaro, tracker.MultiLead, plain, tracker.NoHTTPS},
		{keitaro, tracker.WithValue, plain, tracker.Nothing},
		{adsbridge, tracker.Simple, options, tracker.NoClick},
		{tracker.ByID("funnelflux"), tracker.WithValue, options, tracker.NoValue},
	} {
		if got := c.tr.Postback(c.form, c.o).Missing; got != c.want {
			t.Errorf("%s, %s: missing %d, want %d", c.tr.ID, c.form, got, c.want)
		}
	}
	p := keitaro.Postback(tracker.MultiLead, options)
	if want := "https://t.example.com/api/v1/cpa/action/{external_id}?value={revenue}&lead_code={tid}&key={secret_key}&account=AbCdEf123456"; p.URL() != want {
		t.Errorf("got %s, want %s", p.URL(), want)
	}
}

func TestWordsOfATrackerThatIsNotListed(t *testing.T) {
	tr, faults := tracker.Words{Param: " cid ", Click: "[[their_click]]", Value: "%sum%", Lead: ""}.Template()
	if len(faults) > 0 || tr.Line() != "cid={click_id}" {
		t.Fatalf("%+v %v", tr, faults)
	}
	p := tr.Postback(tracker.WithValue, options)
	if want := "http://t.example.com/api/v1/cpa/action/[[their_click]]?value=%sum%&account=AbCdEf123456"; p.URL() != want || !p.Ready() || p.Confidence != tracker.Typed {
		t.Errorf("got %s, %s", p.URL(), p.Confidence)
	}
	if got := tr.Postback(tracker.MultiLead, options).Missing; got != tracker.NoLead {
		t.Errorf("missing %d", got)
	}
	for _, bad := range []tracker.Words{
		{Param: "a=b"}, {Param: "a b"}, {Param: "é"}, {Click: "{a}&b"}, {Click: "a b"}, {Value: "{a}?"}, {Lead: `"x"`}, {Click: "{a/b}"}, {Click: strings.Repeat("x", 101)},
	} {
		if tr, faults := bad.Template(); len(faults) != 1 || tr.Click.Text+tr.Value.Text+tr.Lead.Text+tr.Param.Text != "" {
			t.Errorf("%+v: %v, %+v", bad, faults, tr)
		}
	}
	if tr, _ := (tracker.Words{Click: "{click_id}", Value: "payout"}).Template(); tr.Click.Note == "" || tr.Value.Note == "" {
		t.Errorf("nothing is said to %+v", tr)
	}
}
