package panel

import (
	"html"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/flow/catalog"
)

func TestTheSetUpLinkMakesTheFirstOperatorOnce(t *testing.T) {
	h := newHouse(t)
	link, err := h.SignIn.SetUpLink(h.Context())
	h.Must(err)
	b, path := h.Stranger(), h.Path(link)
	b.Get(path).Want(ok).Has("You are the first one here")
	b.Post(path, "email", "ann@example.com", "password", "short").Want(unfit).Has("use at least 10", `value="ann@example.com"`)
	b.Post(path, "email", "ann@example.com", "password", "ann@example.com").Want(unfit).Has("It is the e-mail address")
	b.Post(path, "email", "no address", "password", paneltest.Password).Want(unfit).Has("Write it like ann@example.com")
	b.Get(path).Want(ok) // looking and failing used nothing up
	b.Post(path, "email", "ann@example.com", "password", paneltest.Password).Want(moved)
	b.Get("/advertisers").Want(ok).Has("No advertiser yet")
	h.Stranger().Get(path).Want(missing)
	h.Stranger().Post(path, "email", "eve@example.com", "password", paneltest.Password).Want(missing)
}

func TestSigningInLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	h := newHouse(t)
	h.Operator()
	b := h.Stranger()
	to := b.Get("/postbacks?outcome=late").Want(moved).Header.Get("Location")
	if to != "/signin?next=%2Fpostbacks%3Foutcome%3Dlate" {
		t.Fatalf("a stranger is sent to %q", to)
	}
	b.Get(to).Want(ok).Has(`value="/postbacks?outcome=late"`)
	wrong := b.Post("/signin", "email", "ann@example.com", "password", "wrong password").Want(forbidden)
	unknown := b.Post("/signin", "email", "nobody@example.com", "password", "wrong password").Want(forbidden)
	if strings.ReplaceAll(unknown.Text, "nobody@", "ann@") != wrong.Text {
		t.Error("an unknown address is answered otherwise than a wrong password")
	}
	to = b.Post("/signin", "email", "ANN@example.com", "password", paneltest.Password, "next", "/postbacks?outcome=late").Want(moved).Header.Get("Location")
	if to != "/postbacks?outcome=late" {
		t.Errorf("signing in leads to %q", to)
	}
	to = b.Post("/signin", "email", "ann@example.com", "password", paneltest.Password, "next", "//evil.example").Want(moved).Header.Get("Location")
	if to != "/" {
		t.Errorf("signing in leads to %q", to)
	}
	b.Post("/signout").Want(moved)
	b.Get("/postbacks").Want(moved)
}

func TestTooManyTries(t *testing.T) {
	h := newHouse(t)
	b := h.Stranger()
	for range 10 {
		if got := b.Post("/signin", "email", "ann@example.com", "password", "wrong").Want(forbidden).Header.Get("Retry-After"); got != "" {
			t.Errorf("a wrong password is to be tried again after %s s", got)
		}
	}
	refused := b.Post("/signin", "email", "ann@example.com", "password", "wrong").Want(429).Has("Too many tries; wait")
	if got := refused.Header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q", got)
	}
}

func TestAnAdvertiserFromCreationToInvitation(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Post("/advertisers/new", "name", "", "price_min", "5", "price_max", "1", "currency", "USD").Want(unfit).Has("Nothing was saved yet")
	_, _, _, err := h.Catalog.CreateAccount(h.Context(), "test", catalog.NewAccount{Name: "Other", Ref: "77"})
	h.Must(err)
	op.Post("/advertisers/new", "name", "A", "ref", "77", "price_min", "", "price_max", "1", "currency", "USD").Want(unfit).Has("Another one has this reference already")
	op.Post("/advertisers/new", "name", "A", "price_min", "0,5", "price_max", "1", "currency", "USD").Want(unfit).Has(`id="f-price_min-error"`)
	to := op.Post("/advertisers/new", "name", "Northwind", "price_min", "0.50", "price_max", "20", "currency", "eur").Want(moved).Header.Get("Location")
	op.Get(to).Want(ok).Has("Northwind", "Created.", `value="20.00"`, "New campaign")
	a := h.Accounts()[1]
	if a.PriceMin != homing.Unit/2 || a.Currency != "EUR" || a.MultiLead {
		t.Fatalf("made %+v", a)
	}
	op.Post(page.AdvertiserPath(a.ID), "name", "Northwind Traders", "price_min", "0.50", "price_max", "30", "currency", "EUR", "multi_lead", "on").Want(moved)
	if a = h.Accounts()[1]; a.Name != "Northwind Traders" || a.PriceMax != 30*homing.Unit || !a.MultiLead {
		t.Fatalf("changed to %+v", a)
	}
	invited := op.Post(page.AdvertiserPath(a.ID)+"/people", "email", "mara@example.com").Want(ok).Has("works once")
	op.Post(page.AdvertiserPath(a.ID)+"/people", "email", "mara@example.com").Want(unfit).Has("Somebody signs in with this address already")
	link := regexp.MustCompile(`/welcome/[\w-]{43}`).FindString(invited.Text)
	mara := h.Stranger()
	mara.Get(link).Want(ok).Has("mara@example.com")
	mara.Post(link, "password", paneltest.Password).Want(moved)
	mara.Get("/").Want(ok).Has("To the first conversion", "Your operator makes it")
	again := op.Post(page.AdvertiserPath(a.ID)+"/people", "email", "mara@example.com", "again", "on").Want(ok)
	link = regexp.MustCompile(`/welcome/[\w-]{43}`).FindString(again.Text)
	h.Stranger().Post(link, "password", "another fine password").Want(moved)
	mara.Get("/campaigns").Want(moved) // the new password ended the session
	op.Post(page.AdvertiserPath(a.ID)+"/people", "email", "ann@example.com", "again", "on").Want(missing)
}

func TestACampaignFromPreviewToPause(t *testing.T) {
	h := newHouse(t)
	op, a := h.Operator(), h.Account("Northwind")
	form := []string{"account", a.ID.String(), "name", "Spring", "url", "http://shop.example/?c={clickid}&x={sub99}",
		"window", "36h", "default_value", "", "goal_id", "1", "goal_name", "Sign-up", "goal_id", "", "goal_name", "", "goal_id", "7", "goal_name", "Deposit", "hold", "on"}
	op.Post("/campaigns/new", append(form, "do", "preview")...).Want(ok).
		Has(`<mark class="macro known">{clickid}</mark>`, `<mark class="macro unknown">{sub99}</mark>`, "Write https://", `value="Deposit"`)
	if len(h.Catalog.View().Campaigns) != 0 {
		t.Fatal("the preview made a campaign")
	}
	to := op.Post("/campaigns/new", append(form, "do", "save")...).Want(moved).Header.Get("Location")
	c := h.Catalog.View().Campaigns[0]
	if c.Window != 36*time.Hour || !c.Hold || c.DefaultValue.Given || len(c.Goals) != 2 || c.Goals[1].ID != 7 {
		t.Fatalf("made %+v", c.Campaign)
	}
	op.Get(to).Want(ok).Has("Created.", "http://127.0.0.1:8080/c/"+c.Slug, `data-copy="click"`, "Write https://")
	op.Post(page.CampaignPath(c.ID), "name", "Spring", "url", "no url", "window", "1", "default_value", "1e", "goal_id", "x", "goal_name", "y").Want(unfit).
		Has("f-url-error", "f-window-error", "f-default_value-error", "f-goals-error")
	op.Post(page.CampaignPath(c.ID), "name", "Spring", "url", c.URL, "window", "30d", "default_value", "500").Want(unfit).Has("f-default_value-error")
	op.Post(page.CampaignPath(c.ID)+"/status", "status", "paused").Want(moved)
	if h.Catalog.View().Campaigns[0].Status != homing.CampaignPaused {
		t.Error("the campaign is not paused")
	}
	op.Get(page.CampaignPath(c.ID)).Want(ok).Has("Activate")
	op.Post(page.CampaignPath(c.ID)+"/status", "status", "gone").Want(unfit)
}

func TestAKeyIsShownOnlyAfterThePassword(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	key := h.Catalog.View().KeysOf(a.ID)[0]
	secret, err := h.Catalog.RevealKey(t.Context(), "test", a.ID, key.ID)
	h.Must(err)
	path := page.AdvertiserPath(a.ID) + "/keys"
	b.Get(page.TrackingPath(a.ID)).Want(ok).Lacks(secret.Reveal()).Has("{secret_key}", "account="+a.PublicID, "https://127.0.0.1:8443/")
	b.Post(path+"/1/reveal", "password", "wrong password").Want(forbidden).Lacks(secret.Reveal()).Has("That is not your password")
	b.Post(path+"/1/reveal", "password", paneltest.Password).Want(ok).Has(secret.Reveal()+"</code>", "key="+secret.Reveal()+"&amp;account=")
	h.Catalog.NoteKeyUse(key.ID, h.Millis(), netip.MustParseAddr("203.0.113.0"), false)
	b.Get(page.TrackingPath(a.ID)).Want(ok).Has("Went over plain http 1 time")
}

func TestAKeyIsRotatedOnce(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	b := h.Advertiser(a.ID, "mara@example.com")
	path := page.AdvertiserPath(a.ID) + "/keys"
	b.Post(path, "after", "1", "overlap", "7d", "password", "wrong password").Want(forbidden)
	b.Post(path, "after", "1", "overlap", "400d", "password", paneltest.Password).Want(unfit)
	b.Post(path, "after", "1", "overlap", "7d", "name", "Voluum", "password", paneltest.Password).Want(ok).Has("This is the new key.")
	b.Post(path, "after", "1", "overlap", "7d", "name", "Voluum", "password", paneltest.Password).Want(409)
	keys := h.Catalog.View().KeysOf(a.ID)
	if len(keys) != 2 || keys[0].Expires != h.Millis()+7*86_400_000 || keys[1].Name != "Voluum" {
		t.Fatalf("keys are %+v", keys)
	}
	b.Post(path + "/1/revoke").Want(moved)
	if h.Catalog.View().KeysOf(a.ID)[0].Revoked == 0 {
		t.Error("the key is not revoked")
	}
	b.Get(page.TrackingPath(a.ID) + "?done=revoked").Want(ok).Has("The key is revoked.")
}

func TestThePasswordIsChanged(t *testing.T) {
	h := newHouse(t)
	b, elsewhere := h.Operator(), h.Stranger()
	elsewhere.Post("/signin", "email", "ann@example.com", "password", paneltest.Password).Want(moved)
	b.Post("/settings/password", "password", paneltest.Password, "next", "short").Want(unfit).Has("f-next-error")
	b.Post("/settings/password", "password", "wrong password", "next", "another fine password").Want(forbidden)
	b.Post("/settings/password", "password", paneltest.Password, "next", "another fine password").Want(moved)
	b.Get("/settings").Want(ok)
	elsewhere.Get("/settings").Want(moved)
	h.Stranger().Post("/signin", "email", "ann@example.com", "password", paneltest.Password).Want(forbidden)
}

func TestTheLogSaysWhatHappened(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Get("/postbacks").Want(ok).Has("No call yet", "curl &#39;http://127.0.0.1:8080/api/v1/cpa/action/test&#39;")
	furnish(h)
	op.Get("/postbacks").Want(ok).Has("The value is written with a comma.", "order-99321", "Harbour &amp; Söhne GmbH", "1 min ago")
	op.Get("/postbacks?outcome=late").Want(ok).Has("badge late").Lacks("badge refused")
	op.Get("/postbacks?account=2").Want(ok).Has("badge late").Lacks("badge refused")
	op.Get("/postbacks?outcome=nonsense").Want(unfit)
	for _, e := range recent(h) {
		detail := op.Get("/postbacks/"+e.Request.String()).Want(ok).Has(html.EscapeString(e.Verdict.Reason.Info().Title), e.Request.String())
		if e.Conversion != 0 {
			detail.Has("Conversion " + e.Conversion.String())
		}
		if e.Verdict.Reason == homing.ReasonValueComma {
			detail.Has("400 Bad Request", `{&#34;error&#34;:{&#34;msg&#34;:&#34;invalid price value: &#39;parsing \&#34;2,10\&#34;: invalid syntax&#39;&#34;}}`)
		}
	}
}

func TestAnEntryThatLeftTheMemoryIsFoundInTheStores(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	furnish(h)
	entries := recent(h)
	// Refused ones are written behind the answer; this one is waited for, and
	// with it all before it.
	h.Call(h.Catalog.View().Campaigns[0].Campaign, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Duplicate, Reason: homing.ReasonDuplicate}
	})
	h.Pass(48 * time.Hour)
	h.Forget()
	if len(recent(h)) != 0 {
		t.Fatal("the memory is not empty")
	}
	for _, e := range entries {
		op.Get("/postbacks/" + e.Request.String()).Want(ok).Has(html.EscapeString(e.Verdict.Reason.Info().Title))
	}
	entries[0].Request[11]++
	op.Get("/postbacks/" + entries[0].Request.String()).Want(missing)
}
