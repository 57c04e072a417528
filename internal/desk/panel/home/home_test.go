package home_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/home"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

func open(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(h *paneltest.House) []page.Screen { return []page.Screen{door.New(), home.New(h.Demo)} })
}

func TestTheFirstOperatorIsAskedWhatHoldsForTheWhole(t *testing.T) {
	h := open(t)
	link, err := h.SignIn.SetUpLink(h.Context())
	h.Must(err)
	b := h.Stranger()
	to := b.Post(h.Path(link), "email", "ann@example.com", "password", paneltest.Password).Want(303).Header.Get("Location")
	if to != "/setup" {
		t.Fatalf("the first operator is led to %s", to)
	}
	b.Get("/setup").Want(200).Has("Five things that hold for the whole", "http://127.0.0.1:8080")
	b.Post("/setup", "name", "Acme", "public_url", "track.example.com", "zone", "Nowhere/Land", "currency", "EURO").Want(422).Has(`id="f-public_url-error"`, `value="Acme"`)
	b.Post("/setup", "name", "Acme", "public_url", "https://track.example.com", "desk_url", "https://panel.example.com/", "zone", "Europe/Berlin", "currency", "eur").Want(303)
	if got := h.Catalog.View().Installation; got.Name != "Acme" || got.PublicURL != "https://track.example.com" || got.DeskURL != "https://panel.example.com" || got.Zone != "Europe/Berlin" || got.Currency != "EUR" {
		t.Errorf("settled: %+v", got)
	}
	if a := h.Account("First"); a.Currency != "EUR" {
		t.Errorf("an advertiser's currency is %s", a.Currency)
	}
}

// states reads the checklist off the page.
func states(a paneltest.Answer) (list []string) {
	_, steps, _ := strings.Cut(a.Text, `<ol class="home-steps">`)
	steps, _, _ = strings.Cut(steps, "</ol>")
	for _, item := range strings.Split(steps, `<li class="`)[1:] {
		word, _, _ := strings.Cut(item, `"`)
		list = append(list, word)
	}
	return list
}

func want(t *testing.T, a paneltest.Answer, states_ string) {
	t.Helper()
	if got := strings.Join(states(a.Want(200)), " "); got != states_ {
		t.Errorf("the steps are %s, want %s", got, states_)
	}
}

func TestTheChecklistTurnsGreenFromRealThingsOnly(t *testing.T) {
	h := open(t)
	op := h.Operator()
	want(t, op.Get("/"), "due later later later later")
	a := h.Account("Northwind")
	want(t, op.Get("/"), "done due later later later")
	c := h.Campaign(a.ID, "Spring")
	mara := h.Advertiser(a.ID, "mara@example.com")
	h.Load()
	want(t, op.Get("/"), "done done due later later")
	want(t, mara.Get("/"), "done due later")
	mara.Get("/").Has(page.TrackingPath(a.ID)) // where the postback URL is

	made, err := h.Trials.Begin(h.Context(), h.Catalog.View().Campaign(c.ID), nil)
	h.Must(err)
	h.Load()
	want(t, op.Get("/"), "done done done due later")
	h.Call(c, func(p *homing.Postback) {
		p.Origin, p.Click = made.Click.Origin, made.Click.ID
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma, Flags: homing.FlagTest}
	})
	want(t, op.Get("/"), "done done done due later")
	h.Call(c, func(p *homing.Postback) {
		p.Origin, p.Click, p.Verdict.Flags = made.Click.Origin, made.Click.ID, homing.FlagTest
	})
	want(t, op.Get("/"), "done done done done due")
	want(t, mara.Get("/"), "done done due")
	h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Late, Reason: homing.ReasonLate}
	})
	want(t, op.Get("/"), "done done done done due")
	h.Call(c, nil)
	if to := op.Get("/").Want(303).Header.Get("Location"); to != "/advertisers" {
		t.Errorf("when everything is done / leads to %s", to)
	}
	if to := mara.Get("/").Want(303).Header.Get("Location"); to != page.TrackingPath(a.ID) {
		t.Errorf("when everything is done an advertiser's / leads to %s", to)
	}
	want(t, op.Get("/start"), "done done done done done")
}

func TestATestIsNotNeededOnceRealConversionsArrive(t *testing.T) {
	h := open(t)
	op, a := h.Operator(), h.Account("Northwind")
	h.Call(h.Campaign(a.ID, "Spring"), nil)
	op.Get("/").Want(303)
	want(t, op.Get("/start"), "done done passed passed done")
}

func TestARejectedTestHadPassed(t *testing.T) {
	h := open(t)
	op := h.Operator()
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	made, err := h.Trials.Begin(h.Context(), h.Catalog.View().Campaign(c.ID), nil)
	h.Must(err)
	h.Call(c, func(p *homing.Postback) {
		p.Origin, p.Click = made.Click.Origin, made.Click.ID
		p.Verdict.Flags |= homing.FlagTest
	})
	found, err := h.Ledger.ConversionsOf(h.Context(), made.Click.Origin)
	h.Must(err)
	h.Must(h.Ledger.Amend(h.Context(), ledger.Amendment{
		Conversion: found[0].ID, From: homing.Approved, To: homing.Rejected, At: h.Millis(), Actor: "user 1", Reason: "tidied up",
	}))
	want(t, op.Get("/"), "done done done done due")
}

func TestAnothersConversionMakesNothingGreen(t *testing.T) {
	h := open(t)
	a, other := h.Account("Northwind"), h.Account("Other")
	h.Campaign(a.ID, "Spring")
	h.Call(h.Campaign(other.ID, "Summer"), nil)
	h.Load()
	want(t, h.Advertiser(a.ID, "mara@example.com").Get("/"), "done due later")
}

func TestWhatCannotBeToldIsNotCalledUndone(t *testing.T) {
	h := open(t)
	op, a := h.Operator(), h.Account("Northwind")
	h.Campaign(a.ID, "Spring")
	h.Load()
	h.Reports.Warehouse = nowhere{h.Reports.Warehouse}
	want(t, op.Get("/"), "done done unknown later later")
}

func TestADemoIsFilledShownAndRemoved(t *testing.T) {
	h := open(t)
	op := h.Operator()
	op.Get("/").Want(200).Has("Fill a demo advertiser")
	op.Post("/demo").Want(303)
	filled := false
	for deadline := time.Now().Add(20 * time.Second); !filled && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		shown := op.Get("/start").Want(200)
		filled = strings.Contains(shown.Text, "A demo advertiser is here")
		if !filled && shown.Header.Get("Refresh") == "" && h.Demo.State().Running {
			t.Error("the progress is not looked at again")
		}
	}
	account := h.Demo.State().Account
	if !filled || account == nil {
		t.Fatal("the demo is not filled")
	}
	want(t, op.Get("/"), "due later later later later") // nothing of it is real
	h.Load()
	eve := h.Advertiser(account.ID, "eve@example.com")
	if got := states(eve.Get("/start").Want(200)); got[2] != "done" {
		t.Errorf("the demo's own people see %v", got)
	}
	op.Post("/demo/remove").Want(303)
	op.Get("/start").Want(200).Has("Fill a demo advertiser")
	if state := h.Demo.State(); state.Account != nil {
		t.Errorf("after the removal: %+v", state)
	}
	if _, err := h.Catalog.UpdateAccount(h.Context(), "test", account.ID, func(*homing.Account) {}); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("the account is there: %v", err)
	}
}

func TestAManagerFillsTheDemoAReaderDoesNot(t *testing.T) {
	h := open(t)
	a := h.Account("Northwind")
	h.Advertiser(a.ID, "mara@example.com").Post("/demo").Want(http.StatusForbidden)
	h.Reader(a.ID, "rita@example.com").Get("/setup").Want(http.StatusForbidden)
}
