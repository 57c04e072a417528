package panel

import (
	"html"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/catalog"
)

func TestTheSetUpLinkMakesTheFirstOperatorOnce(t *testing.T) {
	h := newHouse(t)
	link, err := h.signIn.SetUpLink(h.context())
	h.must(err)
	b, path := h.stranger(), h.path(link)
	b.get(path).want(ok).has("You are the first one here")
	b.post(path, "email", "ann@example.com", "password", "short").want(unfit).has("use at least 10", `value="ann@example.com"`)
	b.post(path, "email", "ann@example.com", "password", "ann@example.com").want(unfit).has("It is the e-mail address")
	b.post(path, "email", "no address", "password", password).want(unfit).has("Write it like ann@example.com")
	b.get(path).want(ok) // looking and failing used nothing up
	b.post(path, "email", "ann@example.com", "password", password).want(moved)
	b.get("/advertisers").want(ok).has("No advertiser yet")
	h.stranger().get(path).want(missing)
	h.stranger().post(path, "email", "eve@example.com", "password", password).want(missing)
}

func TestSigningInLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	h := newHouse(t)
	h.operator()
	b := h.stranger()
	to := b.get("/postbacks?outcome=late").want(moved).Header.Get("Location")
	if to != "/signin?next=%2Fpostbacks%3Foutcome%3Dlate" {
		t.Fatalf("a stranger is sent to %q", to)
	}
	b.get(to).want(ok).has(`value="/postbacks?outcome=late"`)
	wrong := b.post("/signin", "email", "ann@example.com", "password", "wrong password").want(forbidden)
	unknown := b.post("/signin", "email", "nobody@example.com", "password", "wrong password").want(forbidden)
	if strings.ReplaceAll(unknown.body, "nobody@", "ann@") != wrong.body {
		t.Error("an unknown address is answered otherwise than a wrong password")
	}
	to = b.post("/signin", "email", "ANN@example.com", "password", password, "next", "/postbacks?outcome=late").want(moved).Header.Get("Location")
	if to != "/postbacks?outcome=late" {
		t.Errorf("signing in leads to %q", to)
	}
	to = b.post("/signin", "email", "ann@example.com", "password", password, "next", "//evil.example").want(moved).Header.Get("Location")
	if to != "/" {
		t.Errorf("signing in leads to %q", to)
	}
	b.post("/signout").want(moved)
	b.get("/postbacks").want(moved)
}

func TestTooManyTries(t *testing.T) {
	h := newHouse(t)
	b := h.stranger()
	for range 10 {
		if got := b.post("/signin", "email", "ann@example.com", "password", "wrong").want(forbidden).Header.Get("Retry-After"); got != "" {
			t.Errorf("a wrong password is to be tried again after %s s", got)
		}
	}
	refused := b.post("/signin", "email", "ann@example.com", "password", "wrong").want(429).has("Too many tries; wait")
	if got := refused.Header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q", got)
	}
}

func TestAnAdvertiserFromCreationToInvitation(t *testing.T) {
	h := newHouse(t)
	op := h.operator()
	op.post("/advertisers/new", "name", "", "price_min", "5", "price_max", "1", "currency", "USD").want(unfit).has("Nothing was saved yet")
	_, _, _, err := h.catalog.CreateAccount(h.context(), "test", catalog.NewAccount{Name: "Other", Ref: "77"})
	h.must(err)
	op.post("/advertisers/new", "name", "A", "ref", "77", "price_min", "", "price_max", "1", "currency", "USD").want(unfit).has("Another one has this reference already")
	op.post("/advertisers/new", "name", "A", "price_min", "0,5", "price_max", "1", "currency", "USD").want(unfit).has(`id="f-price_min-error"`)
	to := op.post("/advertisers/new", "name", "Northwind", "price_min", "0.50", "price_max", "20", "currency", "eur").want(moved).Header.Get("Location")
	op.get(to).want(ok).has("Northwind", "Created.", `value="20.00"`, "New campaign")
	a := h.accounts()[1]
	if a.PriceMin != homing.Unit/2 || a.Currency != "EUR" || a.MultiLead {
		t.Fatalf("made %+v", a)
	}
	op.post(advertiserPath(a.ID), "name", "Northwind Traders", "price_min", "0.50", "price_max", "30", "currency", "EUR", "multi_lead", "on").want(moved)
	if a = h.accounts()[1]; a.Name != "Northwind Traders" || a.PriceMax != 30*homing.Unit || !a.MultiLead {
		t.Fatalf("changed to %+v", a)
	}
	page := op.post(advertiserPath(a.ID)+"/people", "email", "mara@example.com").want(ok).has("works once")
	op.post(advertiserPath(a.ID)+"/people", "email", "mara@example.com").want(unfit).has("Somebody signs in with this address already")
	link := regexp.MustCompile(`/welcome/[\w-]{43}`).FindString(page.body)
	mara := h.stranger()
	mara.get(link).want(ok).has("mara@example.com")
	mara.post(link, "password", password).want(moved)
	if to := mara.get("/").want(moved).Header.Get("Location"); to != trackingPath(a.ID) {
		t.Errorf("an advertiser's first page is %q", to)
	}
	again := op.post(advertiserPath(a.ID)+"/people", "email", "mara@example.com", "again", "on").want(ok)
	link = regexp.MustCompile(`/welcome/[\w-]{43}`).FindString(again.body)
	h.stranger().post(link, "password", "another fine password").want(moved)
	mara.get("/campaigns").want(moved) // the new password ended the session
	op.post(advertiserPath(a.ID)+"/people", "email", "ann@example.com", "again", "on").want(missing)
}

func TestACampaignFromPreviewToPause(t *testing.T) {
	h := newHouse(t)
	op, a := h.operator(), h.account("Northwind")
	form := []string{"account", a.ID.String(), "name", "Spring", "url", "http://shop.example/?c={clickid}&x={sub99}",
		"window", "36h", "default_value", "", "goals", "1 Sign-up\r\n\r\n7 Deposit", "hold", "on"}
	op.post("/campaigns/new", append(form, "do", "preview")...).want(ok).
		has(`<mark class="macro known">{clickid}</mark>`, `<mark class="macro unknown">{sub99}</mark>`, "Write https://", "7 Deposit")
	if len(h.catalog.View().Campaigns) != 0 {
		t.Fatal("the preview made a campaign")
	}
	to := op.post("/campaigns/new", append(form, "do", "save")...).want(moved).Header.Get("Location")
	c := h.catalog.View().Campaigns[0]
	if c.Window != 36*time.Hour || !c.Hold || c.DefaultValue.Given || len(c.Goals) != 2 || c.Goals[1].ID != 7 {
		t.Fatalf("made %+v", c.Campaign)
	}
	op.get(to).want(ok).has("Created.", "http://127.0.0.1:8080/c/"+c.Slug, `data-copy="click"`, "Write https://")
	op.post(campaignPath(c.ID), "name", "Spring", "url", "no url", "window", "1", "default_value", "1e", "goals", "x").want(unfit).
		has("f-url-error", "f-window-error", "f-default_value-error", "f-goals-error")
	op.post(campaignPath(c.ID), "name", "Spring", "url", c.URL, "window", "30d", "default_value", "500").want(unfit).has("f-default_value-error")
	op.post(campaignPath(c.ID)+"/status", "status", "paused").want(moved)
	if h.catalog.View().Campaigns[0].Status != homing.CampaignPaused {
		t.Error("the campaign is not paused")
	}
	op.get(campaignPath(c.ID)).want(ok).has("Activate")
	op.post(campaignPath(c.ID)+"/status", "status", "gone").want(unfit)
}

func TestAKeyIsShownOnlyAfterThePassword(t *testing.T) {
	h := newHouse(t)
	a := h.account("Northwind")
	b := h.advertiser(a.ID, "mara@example.com")
	key := h.catalog.View().KeysOf(a.ID)[0]
	secret, err := h.catalog.RevealKey(a.ID, key.ID)
	h.must(err)
	path := advertiserPath(a.ID) + "/keys"
	b.get(trackingPath(a.ID)).want(ok).lacks(secret.Reveal()).has("{secret_key}", "account="+a.PublicID, "https://127.0.0.1:8443/")
	b.post(path+"/1/reveal", "password", "wrong password").want(forbidden).lacks(secret.Reveal()).has("That is not your password")
	b.post(path+"/1/reveal", "password", password).want(ok).has(secret.Reveal()+"</code>", "key="+secret.Reveal()+"&amp;account=")
	h.catalog.NoteKeyUse(key.ID, h.millis(), netip.MustParseAddr("203.0.113.0"), false)
	b.get(trackingPath(a.ID)).want(ok).has("Went over plain http 1 time")
}

func TestAKeyIsRotatedOnce(t *testing.T) {
	h := newHouse(t)
	a := h.account("Northwind")
	b := h.advertiser(a.ID, "mara@example.com")
	path := advertiserPath(a.ID) + "/keys"
	b.post(path, "after", "1", "overlap", "7d", "password", "wrong password").want(forbidden)
	b.post(path, "after", "1", "overlap", "400d", "password", password).want(unfit)
	b.post(path, "after", "1", "overlap", "7d", "name", "Voluum", "password", password).want(ok).has("This is the new key.")
	b.post(path, "after", "1", "overlap", "7d", "name", "Voluum", "password", password).want(409)
	keys := h.catalog.View().KeysOf(a.ID)
	if len(keys) != 2 || keys[0].Expires != h.millis()+7*86_400_000 || keys[1].Name != "Voluum" {
		t.Fatalf("keys are %+v", keys)
	}
	b.post(path + "/1/revoke").want(moved)
	if h.catalog.View().KeysOf(a.ID)[0].Revoked == 0 {
		t.Error("the key is not revoked")
	}
	b.get(trackingPath(a.ID) + "?done=revoked").want(ok).has("The key is revoked.")
}

func TestThePasswordIsChanged(t *testing.T) {
	h := newHouse(t)
	b, elsewhere := h.operator(), h.stranger()
	elsewhere.post("/signin", "email", "ann@example.com", "password", password).want(moved)
	b.post("/you/password", "password", password, "next", "short").want(unfit).has("f-next-error")
	b.post("/you/password", "password", "wrong password", "next", "another fine password").want(forbidden)
	b.post("/you/password", "password", password, "next", "another fine password").want(moved)
	b.get("/you").want(ok)
	elsewhere.get("/you").want(moved)
	h.stranger().post("/signin", "email", "ann@example.com", "password", password).want(forbidden)
}

func TestTheLogSaysWhatHappened(t *testing.T) {
	h := newHouse(t)
	op := h.operator()
	op.get("/postbacks").want(ok).has("No call yet", "curl &#39;http://127.0.0.1:8080/api/v1/cpa/action/test&#39;")
	furnish(h)
	op.get("/postbacks").want(ok).has("The value is written with a comma.", "order-99321", "Harbour &amp; Söhne GmbH", "1 min ago")
	op.get("/postbacks?outcome=late").want(ok).has("kept as late").lacks("with a comma")
	op.get("/postbacks?account=2").want(ok).has("kept as late").lacks("with a comma")
	op.get("/postbacks?outcome=nonsense").want(unfit)
	for _, e := range recent(h) {
		page := op.get("/postbacks/"+e.Request.String()).want(ok).has(html.EscapeString(e.Verdict.Reason.Info().Title), e.Request.String())
		if e.Conversion != 0 {
			page.has("Conversion " + e.Conversion.String())
		}
		if e.Verdict.Reason == homing.ReasonValueComma {
			page.has("400 Bad Request", `{&#34;error&#34;:{&#34;msg&#34;:&#34;invalid price value: &#39;parsing \&#34;2,10\&#34;: invalid syntax&#39;&#34;}}`)
		}
	}
}

func TestAnEntryThatLeftTheMemoryIsFoundInTheStores(t *testing.T) {
	h := newHouse(t)
	op := h.operator()
	furnish(h)
	entries := recent(h)
	// Refused ones are written behind the answer; this one is waited for, and
	// with it all before it.
	h.call(h.catalog.View().Campaigns[0].Campaign, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Duplicate, Reason: homing.ReasonDuplicate}
	})
	h.pass(48 * time.Hour)
	h.forget()
	if len(recent(h)) != 0 {
		t.Fatal("the memory is not empty")
	}
	for _, e := range entries {
		op.get("/postbacks/" + e.Request.String()).want(ok).has(html.EscapeString(e.Verdict.Reason.Info().Title))
	}
	entries[0].Request[11]++
	op.get("/postbacks/" + entries[0].Request.String()).want(missing)
}

// The header must be what the door tells: see package edge.
func TestTheResultSaysNoMoreThanTheDoor(t *testing.T) {
	for _, c := range []struct {
		reason homing.Reason
		key    homing.KeyID
		want   string
	}{
		{homing.ReasonCounted, 0, "counted"}, {homing.ReasonCounted, 4, "counted"}, {homing.ReasonHold, 0, "counted"},
		{homing.ReasonHold, 4, "counted; reason=hold"}, {homing.ReasonDuplicateValue, 4, "duplicate; reason=duplicate_value_differs"},
		{homing.ReasonLate, 4, "late"}, {homing.ReasonKeyExpired, 0, "refused; reason=invalid_key"},
		{homing.ReasonValueComma, 4, "refused; reason=value_comma"},
	} {
		p := &homing.Postback{Key: c.key}
		p.Verdict = homing.Verdict{Outcome: c.reason.Info().Outcome, Reason: c.reason}
		if got := answerTo(p, nil).Result; got != c.want {
			t.Errorf("%s with key %s: %q, want %q", c.reason, c.key, got, c.want)
		}
	}
}

// The answer shown is put together again; it must be what the contract says.
func TestTheAnswerIsTheContracts(t *testing.T) {
	account := &homing.Account{PriceMin: homing.Unit / 100, PriceMax: 200 * homing.Unit}
	for reason, want := range map[homing.Reason]struct{ target, body string }{
		homing.ReasonCounted:       {"/api/v1/cpa/action/x", `{"ok":true}`},
		homing.ReasonCodeCut:       {"/api/v1/cpa/action/x", `{"error":{"msg":"invalid code"}}`},
		homing.ReasonValueAbove:    {"/api/v1/cpa/action/x?value=201", `{"error":{"msg":"the price should be between 0.010 and 200.000"}}`},
		homing.ReasonPriceRange:    {"/api/v1/cpa/action/x?price=201", `{"error":{"msg":"the price should be between 0.000 and 200.000"}}`},
		homing.ReasonRepeated:      {"/api/v1/cpa/action/x?value=1&value[]=2", `{"error":{"msg":"duplicate parameter: value"}}`},
		homing.ReasonHTTPSRequired: {"/api/v1/cpa/action/x", `{"error":{"msg":"The transfer of the lead_code is possible only with the https protocol"}}`},
		homing.ReasonValueSyntax:   {"/api/v1/cpa/action/x?value=<b>", `{"error":{"msg":"invalid price value: 'parsing \"\u003cb\u003e\": invalid syntax'"}}`},
	} {
		p := &homing.Postback{Target: want.target}
		p.Verdict = homing.Verdict{Outcome: reason.Info().Outcome, Reason: reason}
		if got := answerTo(p, account).Body; got != want.body {
			t.Errorf("%s: %s, want %s", reason, got, want.body)
		}
	}
}

func TestEveryFlagHasWords(t *testing.T) {
	all := homing.Flags(1<<32 - 1)
	if got, want := len(remarks(all)), len(all.Names()); got != want {
		t.Errorf("%d of %d flags have words", got, want)
	}
}

func TestScriptIsAModuleOfOurOwn(t *testing.T) {
	source, err := os.ReadFile("assets/panel.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"eval(", "innerHTML", "new Function", "import(", "http://", "https://"} {
		if strings.Contains(string(source), bad) {
			t.Errorf("the script has %s", bad)
		}
	}
}
