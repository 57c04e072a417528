package advertisers_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/advertisers"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/engine/ledger"
)

func newHouse(t *testing.T) *paneltest.House {
	return paneltest.New(t, func(*paneltest.House) []page.Screen { return []page.Screen{door.New(), advertisers.New()} })
}

func TestTheListHasFigures(t *testing.T) {
	h := newHouse(t)
	op := h.Operator()
	op.Get("/advertisers").Want(http.StatusOK).Has("No advertiser yet").Lacks("Find")
	c := h.Campaign(h.Account("Northwind").ID, "Spring")
	h.Account("Harbour")
	for range 3 {
		h.Call(c, nil)
	}
	h.Call(c, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueComma}
	})
	h.Click(c, nil) // is waited for, and so is what was written before it
	h.Load()
	op.Get("/advertisers").Want(http.StatusOK).Has("Northwind", "Harbour", ">25 %<", "of 4", "no calls", "none yet", "just now", "2 advertisers.")
	op.Get("/advertisers?q=north").Want(http.StatusOK).Has("Northwind").Lacks("Harbour")
	op.Get("/advertisers?q=zzz").Want(http.StatusOK).Has("No advertiser fits", `value="zzz"`)
}

func TestALongListHasPages(t *testing.T) {
	h := newHouse(t)
	for i := range 120 {
		h.Account(fmt.Sprintf("Client %03d", i))
	}
	op := h.Operator()
	op.Get("/advertisers").Want(http.StatusOK).Has("Client 000", "1 to 50 of 120", "/advertisers?page=2").Lacks("Client 050")
	op.Get("/advertisers?page=3").Want(http.StatusOK).Has("Client 119", "101 to 120 of 120").Lacks("page=4")
	op.Get("/advertisers?page=999").Want(http.StatusOK).Has("Client 119")
	if n := len(op.Get("/advertisers").Text); n > 100_000 {
		t.Errorf("the page has %d bytes", n)
	}
}

func TestLimitsAndFacts(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	c := h.Campaign(a.ID, "Spring")
	_, err := h.Catalog.UpdateAccount(h.Context(), "test", a.ID, func(a *homing.Account) { a.Senders = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} })
	h.Must(err)
	_, err = h.Catalog.UpdateCampaign(h.Context(), "test", c.ID, func(c *homing.Campaign) { c.Hold = true })
	h.Must(err)
	op := h.Operator()
	op.Get("/advertisers/1").Want(http.StatusOK).Has("203.0.113.0/24", "1 of 1 campaign hold", "Erase this advertiser", "View as this advertiser", "none yet")
	op.Post("/advertisers/1", "name", "Northwind", "price_min", "1", "price_max", "50", "currency", "eur").Want(http.StatusSeeOther)
	if got := h.Catalog.View().Account(a.ID); got.Currency != "EUR" || got.PriceMax != 50*homing.Unit || len(got.Senders) != 1 {
		t.Errorf("settled %+v", got)
	}
	op.Post("/advertisers/1/people", "email", "mara@northwind.example", "level", "god").Want(http.StatusUnprocessableEntity)
	op.Post("/advertisers/1/people", "email", "mara@northwind.example", "level", "read-only").Want(http.StatusOK).Has("works once")
	if u, err := h.Ledger.UserByEmail(h.Context(), "mara@northwind.example"); err != nil || u.Level != homing.ReadOnly {
		t.Errorf("invited %+v, %v", u, err)
	}
}

func TestErasingTakesTheNameAndThePassword(t *testing.T) {
	h := newHouse(t)
	a := h.Account("Northwind")
	h.Call(h.Campaign(a.ID, "Spring"), nil)
	mara := h.Advertiser(a.ID, "mara@northwind.example")
	op := h.Operator()
	op.Get("/advertisers/1/erase").Want(http.StatusOK).Has("What goes, for good", "What stays", "1 campaign", "1 user", "1 key")
	op.Post("/advertisers/1/erase", "name", "northwind", "password", paneltest.Password).Want(http.StatusUnprocessableEntity).Has("not its name")
	op.Post("/advertisers/1/erase", "name", "Northwind", "password", "wrong").Want(http.StatusForbidden).Has("not your password")
	if h.Catalog.View().Account(a.ID).Erased {
		t.Fatal("erased")
	}
	op.Post("/advertisers/1/erase", "name", " Northwind ", "password", paneltest.Password).Want(http.StatusSeeOther)
	if !h.Catalog.View().Account(a.ID).Erased {
		t.Fatal("not erased")
	}
	op.Get("/advertisers?done=erased").Want(http.StatusOK).Has("is erased").Lacks("Northwind")
	op.Get("/advertisers/1").Want(http.StatusNotFound)
	if to := mara.Get("/advertisers").Want(http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(to, "/signin") {
		t.Errorf("its people lead to %q", to)
	}
}

func TestReadOnlyOperatorsSeeNoForms(t *testing.T) {
	h := newHouse(t)
	h.Account("Northwind")
	op := h.Operator()
	u, err := h.Ledger.UserByEmail(h.Context(), "ann@example.com")
	h.Must(err)
	u.Level = homing.ReadOnly
	h.Must(h.Ledger.PutUser(h.Context(), ledger.Actor{Name: "test", At: h.Millis()}, &u))
	op.Get("/advertisers").Want(http.StatusOK).Lacks("New advertiser")
	op.Get("/advertisers/1").Want(http.StatusOK).Lacks(`method="post" action="/advertisers`, "Erase this")
	op.Get("/advertisers/1/erase").Want(http.StatusForbidden)
}
