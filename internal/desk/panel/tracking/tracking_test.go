package tracking_test

import (
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/tracking"
	"homing/internal/rule/tracker"
)

const (
	ok        = http.StatusOK
	moved     = http.StatusSeeOther
	missing   = http.StatusNotFound
	forbidden = http.StatusForbidden
	conflict  = http.StatusConflict
	unfit     = http.StatusUnprocessableEntity
)

func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), tracking.New()} })
}

var (
	apart   = regexp.MustCompile(`</?(?:dt|dd|div|li|td|th|p|h[1-6]|option|tr|span|label)\b[^>]*>`)
	element = regexp.MustCompile(`<[^>]*>`)
	quoted  = regexp.MustCompile(`="[^"]*"`)
)

// text is what a page says, without its elements.
func text(a paneltest.Answer) string {
	return html.UnescapeString(element.ReplaceAllString(apart.ReplaceAllString(a.Text, " "), ""))
}

func says(t *testing.T, a paneltest.Answer, texts ...string) {
	t.Helper()
	plain := strings.Join(strings.Fields(text(a)), " ")
	for _, want := range texts {
		if !strings.Contains(plain, want) {
			t.Errorf("%s does not say %q:\n%s", a.Request.URL, want, plain)
		}
	}
}

func TestEveryTrackerHasAPage(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	o := tracker.Options{Base: "http://127.0.0.1:8080", SecureBase: "https://127.0.0.1:8443", Account: a.PublicID, MultiLead: true}
	for _, tr := range tracker.All() {
		for _, form := range tracker.Forms() {
			got := b.Get(page.TrackingPath(a.ID) + "?tracker=" + tr.ID + "&form=" + form.String()).Want(ok)
			if len(got.Text) > 100_000 {
				t.Errorf("%s: %d bytes", tr.ID, len(got.Text))
			}
			p := tr.Postback(form, o)
			says(t, got, tr.Line(), tr.Tick, tr.StepsWith(tr.Param.Text)[0], tr.Sources[0], tr.CheckedOn)
			if p.URL() != "" {
				says(t, got, p.URL())
			}
			// What is not sure has no button that copies it.
			if copied := strings.Contains(got.Text, `data-copy="pb"`); copied != p.Ready() {
				t.Errorf("%s, %s: ready %v, but a button to copy: %v", tr.ID, form, p.Ready(), copied)
			}
			if strings.Contains(text(got), "A guide, not a finished set-up.") != tr.Guide() {
				t.Errorf("%s: whether it is a guide is not told", tr.ID)
			}
		}
	}
	says(t, b.Get(page.TrackingPath(a.ID)+"?tracker=nonsense&form=x&lang=y&campaign=z").Want(ok), "Or build it by hand")
}

func TestWhatCannotWorkYetIsTold(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", a.ID, func(a *homing.Account) { a.MultiLead = false })
	h.Must(err)
	path := page.TrackingPath(a.ID) + "?tracker=keitaro&form=leads"
	says(t, h.Advertiser(a.ID, "mara@example.com").Get(path).Want(ok), "Multiple leads are switched off for you.")
	op := h.Operator()
	says(t, op.Get(path).Want(ok), "Switch them on in Settings.")
	says(t, op.Get(page.TrackingPath(a.ID)+"?tracker=adsbridge").Want(ok), "is not known here", "A guide, not a finished set-up.")
}

func TestTheLineIsWrittenIntoTheCampaign(t *testing.T) {
	h := newHouse(t)
	a, other := h.Account("Northwind"), h.Account("Other")
	c, theirs := h.Campaign(a.ID, "Spring"), h.Campaign(other.ID, "Theirs")
	h.Campaign(a.ID, "Summer")
	op := h.Operator()
	path := page.TrackingPath(a.ID) + "?tracker=everflow&campaign=" + c.ID.String()
	const want = "https://shop.example/landing?external={click_id}&site={site_id}&next={their_macro}&sub1={click_id}"
	says(t, op.Get(path).Want(ok), c.URL, want)
	op.Get(path).Has("Write it into the campaign")
	mara := h.Advertiser(a.ID, "mara@example.com")
	mara.Get(path).Want(ok).Has("Ask your operator").Lacks("Write it into the campaign")
	says(t, mara.Get(page.TrackingPath(a.ID)+"?tracker=everflow&campaign="+theirs.ID.String()).Want(ok), "Your campaigns send it already: 2 campaigns as external. Choose one above")

	write := page.TrackingPath(a.ID) + "/append?tracker=everflow"
	op.Post(write, "campaign", theirs.ID.String(), "present", theirs.URL).Want(missing)
	op.Post(write, "campaign", c.ID.String(), "present", "https://older.example/").Want(conflict)
	op.Post(page.TrackingPath(a.ID)+"/append", "campaign", c.ID.String(), "present", c.URL).Want(unfit)
	mara.Post(write, "campaign", c.ID.String(), "present", c.URL).Want(forbidden)
	if got := h.Catalog.View().Campaign(c.ID).URL; got != c.URL {
		t.Fatalf("the URL became %s", got)
	}
	to := op.Post(write, "campaign", c.ID.String(), "present", c.URL).Want(moved).Header.Get("Location")
	if got := h.Catalog.View().Campaign(c.ID).URL; got != want {
		t.Errorf("the URL is %s, want %s", got, want)
	}
	to, _, _ = strings.Cut(to, "#")
	op.Get(to).Want(ok).Has("already there", "has the parameter now").Lacks("Write it into the campaign")
}

// What the campaign sends already is not asked for once more under another name.
func TestTheCampaignsURLIsReadFirst(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	mara := h.Advertiser(a.ID, "mara@example.com")
	says(t, mara.Get(page.TrackingPath(a.ID)+"?tracker=voluum").Want(ok), "external_id={click_id}", "There is no campaign yet.")
	h.Campaign(a.ID, "Spring") // the only one is looked at unasked
	show := func(query string) paneltest.Answer { return mara.Get(page.TrackingPath(a.ID) + query).Want(ok) }

	free := show("?tracker=voluum").Lacks(`id="appended"`, "external_id")
	says(t, free, "already there Your campaign Spring sends it as external. Leave the campaign as it is, and in Voluum (Traffic sources, Advanced parameters, External ID) write external as the name",
		"External ID: write external as parameter and {click_id} as placeholder.")
	fixed := show("?tracker=everflow").Has(`id="appended"`, "Ask your operator")
	says(t, fixed, "sends the click id as external, but Everflow takes it up as sub1 only. Change the campaign's URL, not Everflow.",
		"https://shop.example/landing?external={click_id}&site={site_id}&next={their_macro}&sub1={click_id}")
	says(t, show("?tracker=other&param=cid&click=%7Bcid%7D").Has(`id="appended"`), "one of the two", "If Your tracker lets you choose the parameter, write external there", "takes cid only")
	says(t, show("?tracker=other&click=%7Bcid%7D").Lacks(`id="appended"`), "external={click_id}", "write external there")

	_, err := h.Catalog.UpdateCampaign(h.Context(), "test", 1, func(c *homing.Campaign) { c.URL = "https://shop.example/?external_id={click_id}" })
	h.Must(err)
	says(t, show("?tracker=voluum").Lacks(`id="appended"`), "sends it as external_id. In Voluum (Traffic sources, Advanced parameters, External ID) write external_id.")
	says(t, show("?tracker=peerclick").Lacks(`id="appended"`), "PeerClick takes it up from there.")
}

func TestATrackerThatIsNotListed(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	q := url.Values{"tracker": {"other"}, "param": {"cid"}, "click": {"[[their_click]]"}, "value": {"%sum%"}}
	says(t, b.Get(page.TrackingPath(a.ID)+"?"+q.Encode()).Want(ok), "cid={click_id}", "/action/[[their_click]]?value=%sum%&account="+a.PublicID, "as you typed it")
	says(t, b.Get(page.TrackingPath(a.ID)+"?tracker=other").Want(ok), "Type the macro in above", "Write the parameter's name above")
	q.Set("click", "a b")
	b.Get(page.TrackingPath(a.ID) + "?" + q.Encode()).Want(ok).Has(`id="f-click-error"`).Lacks("/action/a b")
}

func TestAKeyFillsThePostbackThatWasAskedFor(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	secret, err := h.Catalog.RevealKey(t.Context(), "test", a.ID, h.Catalog.View().KeysOf(a.ID)[0].ID)
	h.Must(err)
	const state = "?tracker=keitaro&form=leads"
	shown := b.Get(page.TrackingPath(a.ID) + state).Want(ok).Lacks(secret.Reveal())
	action := regexp.MustCompile(`action="([^"]*/reveal[^"#]*)`).FindStringSubmatch(shown.Text)
	if action == nil {
		t.Fatal("there is no form to reveal the key")
	}
	revealed := b.Post(html.UnescapeString(action[1]), "password", paneltest.Password).Want(ok)
	says(t, revealed, "/action/{external_id}?value={revenue}&lead_code={tid}&key="+secret.Reveal()+"&account="+a.PublicID)
	revealed.Lacks("POSTBACK_KEY=" + secret.Reveal())
	for _, lang := range []string{"curl", "php", "python", "node", "go"} {
		code := b.Get(page.TrackingPath(a.ID) + state + "&lang=" + lang).Want(ok).Lacks(secret.Reveal())
		says(t, code, "POSTBACK_KEY", "https://127.0.0.1:8443/api/v1/cpa/action/", a.PublicID)
	}
}

func TestOneMoreKeyLeavesTheOthers(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	b.Post(page.AdvertiserPath(a.ID)+"/keys", "after", "1", "overlap", "keep", "name", "Voluum", "password", paneltest.Password).Want(ok).Has("This is the new key.")
	if keys := h.Catalog.View().KeysOf(a.ID); len(keys) != 2 || keys[0].Expires != 0 {
		t.Errorf("keys are %+v", keys)
	}
}

func TestTheUsesOfAnOldKeyAreTold(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	c := h.Campaign(a.ID, "Spring")
	b := h.Advertiser(a.ID, "mara@example.com")
	old := h.Catalog.View().KeysOf(a.ID)[0].ID
	_, _, err := h.Catalog.RotateKey(h.Context(), "test", a.ID, "new", 30*24*time.Hour)
	h.Must(err)
	use := func(n int, change func(*homing.Postback)) {
		for range n {
			h.Pass(time.Second)
			h.Call(c, func(p *homing.Postback) {
				p.Key, p.Verdict.Flags = old, homing.FlagOldKey
				if change != nil {
					change(p)
				}
			})
			h.Catalog.NoteKeyUse(old, h.Millis(), netip.MustParseAddr("203.0.113.0"), true)
		}
	}
	use(41, nil)
	use(1, func(p *homing.Postback) { p.UserAgent = "curl/8.5.0" })
	says(t, b.Get(page.TrackingPath(a.ID)), "Still used 42 times today, last by curl/8.", "from 203.0.113.0 with curl/8")
	use(2, func(p *homing.Postback) { p.Verdict.Flags |= homing.FlagBrowser; p.Lead = "key:3fa9c1" })
	says(t, b.Get(page.TrackingPath(a.ID)), "Came from a web page 2 times today", "stood in the wrong place in 2 calls today")
	h.Pass(24 * time.Hour)
	says(t, b.Get(page.TrackingPath(a.ID)), "44") // ever
	if got := text(b.Get(page.TrackingPath(a.ID))); strings.Contains(got, "Still used") {
		t.Error("yesterday's uses are told as today's")
	}
}

func TestTheLastDayIsSummedUp(t *testing.T) {
	h := newHouse(t)
	a, other := h.Account("Northwind"), h.Account("Other")
	c := h.Campaign(a.ID, "Spring")
	b := h.Advertiser(a.ID, "mara@example.com")
	says(t, b.Get(page.TrackingPath(a.ID)), "No postback has arrived.", "None was counted in the last 30 days.")
	h.Call(c, nil)
	h.Pass(25 * time.Hour)
	h.Load()
	says(t, b.Get(page.TrackingPath(a.ID)), "No postback has arrived.", "Last counted: 2026-03-02 09:30:00 UTC")
	verdict := func(o homing.Outcome, r homing.Reason) func(*homing.Postback) {
		return func(p *homing.Postback) { p.Verdict = homing.Verdict{Outcome: o, Reason: r} }
	}
	for range 6 {
		h.Call(c, nil)
	}
	h.Call(c, verdict(homing.Late, homing.ReasonLate))
	h.Call(c, verdict(homing.Duplicate, homing.ReasonDuplicate))
	h.Call(c, verdict(homing.Refused, homing.ReasonValueComma))
	h.Call(c, verdict(homing.Refused, homing.ReasonCodeMacro))
	h.Call(c, func(p *homing.Postback) { p.Origin.Node = 1010; p.Click = h.Keyring.Seal(p.Origin) }) // a test
	h.Call(h.Campaign(other.ID, "Theirs"), nil)
	got := b.Get(page.TrackingPath(a.ID))
	says(t, got, "Counted 6 60.0 %", "Duplicates 1 10.0 %", "Late 1 10.0 %", "Refused 2 20.0 %", "written with a comma. 1 call, 10.0 % of all", "Write a decimal point")
	got.Has("/postbacks?from=24h&amp;reason=value_comma", "/postbacks?from=24h&amp;outcome=refused")
	h.Operator().Get(page.TrackingPath(a.ID)).Want(ok).Has("/postbacks?account=1&amp;from=24h&amp;reason=value_comma")
	for range 4 {
		h.Call(c, nil)
	}
	says(t, b.Get(page.TrackingPath(a.ID)), "Counted 10 71.4 %", "Late 1 7.1 %", "Refused 2 14.3 %") // of 14, to the nearest
}

func TestAPostbackURLIsMended(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	secret, err := h.Catalog.RevealKey(t.Context(), "test", a.ID, h.Catalog.View().KeysOf(a.ID)[0].ID)
	h.Must(err)
	path := page.TrackingPath(a.ID) + "/repair?tracker=voluum"
	got := b.Post(path, "url", "http://127.0.0.1:8080/api/v1/cpa/action/{click_id}?payout={payout}&amp;key="+secret.Reveal()).Want(ok).Lacks(secret.Reveal())
	says(t, got, "Voluum writes {externalid}", "payout is called value", "&amp;", "The key goes over plain http", "is missing",
		"https://127.0.0.1:8443/api/v1/cpa/action/{externalid}?value={payout}&key={secret_key}&account="+a.PublicID)
	fine := "http://127.0.0.1:8080/api/v1/cpa/action/{externalid}?value={payout}&account=" + a.PublicID
	says(t, b.Post(path, "url", fine).Want(ok), "Nothing is wrong with it.", fine)
	says(t, b.Post(page.TrackingPath(a.ID)+"/repair", "url", "http://127.0.0.1:8080/api/v1/cpa/action/{click_id}").Want(ok), "Choose your tracker above")
	b.Post(path, "url", "").Want(ok)
	h.Reader(a.ID, "reader@example.com").Post(path, "url", fine).Want(ok)
}

func TestPermittedSendersAreSavedWithOpenEyes(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	c := h.Campaign(a.ID, "Spring")
	b := h.Advertiser(a.ID, "mara@example.com")
	from := func(addr string, n int) {
		for range n {
			h.Call(c, func(p *homing.Postback) { p.Addr = homing.CutAddr(netip.MustParseAddr(addr)) })
		}
	}
	from("203.0.113.9", 3)
	from("198.51.100.4", 2)
	from("2001:db8:1:2::3", 1)
	path := page.AdvertiserPath(a.ID) + "/senders"
	says(t, b.Get(page.TrackingPath(a.ID)), "203.0.113.0/24 3", "198.51.100.0/24 2", "2001:db8:1::/48 1", "taken from everywhere")
	b.Post(path, "senders", "example.com").Want(unfit).Has("f-senders-error", "example.com")
	asked := b.Post(path, "senders", "203.0.113.0/24\r\n198.51.100.0/25, 2001:db8::/32").Want(unfit)
	says(t, asked, "would be refused", "198.51.100.0/24, 2 calls (a part of it is permitted")
	asked.Lacks("<li>203.0.113.0/24", "<li>2001:db8:1::/48")
	if len(h.Accounts()[0].Senders) != 0 {
		t.Fatal("it was saved without a word")
	}
	b.Post(path, "senders", "203.0.113.0/24\r\n198.51.100.0/25, 2001:db8::/32", "sure", "on").Want(moved)
	if got := len(h.Accounts()[0].Senders); got != 3 {
		t.Fatalf("%d networks are permitted", got)
	}
	h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonSender}
	})
	got := b.Get(page.TrackingPath(a.ID) + "?done=senders").Want(ok)
	says(t, got, "198.51.100.0/25", "from these networks only", "1 call from elsewhere", "They hold from the next call on")
	got.Has("reason=sender_not_permitted")
	h.Reader(a.ID, "reader@example.com").Get(page.TrackingPath(a.ID)).Want(ok).Has("<code>198.51.100.0/25</code>").Lacks("Save networks", "Make a new key", "/reveal")
	b.Post(path, "senders", "0.0.0.0/0 ::/0\n").Want(unfit)
	b.Post(path, "senders", "0.0.0.0/0\n::/0").Want(moved)
	b.Post(path, "senders", " \n").Want(moved)
	if got := h.Accounts()[0].Senders; len(got) != 0 {
		t.Errorf("permitted %v, want all", got)
	}
}

// Whatever stands in the page's address or is pasted is shown as text.
func TestHostileWordsAreText(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	handler := regexp.MustCompile(`(?i)<[^>]*\s(on[a-z]+|srcdoc|style)=`)
	for _, evil := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus=alert(1) x='`, `</textarea><svg onload=alert(1)>`,
		`javascript:alert(1)`, `{{.Who}}`, "\u202egnp.exe", "nul\x00\x1b[31m", "no\xff", "{<b>}", "{click_id}<script>",
	} {
		for _, got := range []paneltest.Answer{
			b.Get(page.TrackingPath(a.ID) + "?" + url.Values{"tracker": {"other"}, "param": {evil}, "click": {evil}, "value": {evil}, "lead": {evil}, "lang": {evil}}.Encode()),
			b.Post(page.TrackingPath(a.ID)+"/repair?tracker=voluum", "url", "http://127.0.0.1:8080/api/v1/cpa/action/"+evil+"?"+evil+"="+evil),
			b.Post(page.TrackingPath(a.ID)+"/repair", "url", evil),
			b.Post(page.AdvertiserPath(a.ID)+"/senders", "senders", evil),
		} {
			main := quoted.ReplaceAllString(got.Text[strings.Index(got.Text, "<main"):], `=""`)
			if strings.Contains(main, "<script>alert") || strings.Contains(main, "<svg") || strings.Contains(main, "<img") || strings.Contains(main, "<b>") ||
				strings.Contains(got.Text, `href="javascript`) || handler.MatchString(main) {
				t.Errorf("%q at %s becomes more than text", evil, got.Request.URL.Path)
			}
		}
	}
}
