package settings_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/settings"
	"homing/internal/desk/signin"
)

const tokenPattern = `id="token">(hmg_[0-9A-Za-z]{40})<`

func TestATokenFromMakingToRevoking(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	a := h.Account("Northwind")
	op.Get("/settings/tokens").Want(ok).Has("No token yet", "read reports", "Northwind")
	good := []string{"name", "etl", "account", "all", "scope", "reports:read", "scope", "conversions:read", "expires", "30d", "password", paneltest.Password}
	with := func(field, value string) []string {
		var form []string
		for i := 0; i < len(good); i += 2 {
			if good[i] == field {
				continue
			}
			form = append(form, good[i], good[i+1])
		}
		return append(form, field, value)
	}
	op.Post("/settings/tokens", with("name", "")...).Want(unfit).Has("f-name-error", `value="reports:read" checked`)
	op.Post("/settings/tokens", with("name", "a\x07")...).Want(unfit)
	op.Post("/settings/tokens", with("scope", "everything")...).Want(unfit)
	op.Post("/settings/tokens", with("expires", "1h")...).Want(unfit).Has("Choose one of the list")
	op.Post("/settings/tokens", with("account", "99")...).Want(unfit).Has("There is no such advertiser")
	op.Post("/settings/tokens", with("password", "wrong")...).Want(forbidden).Has("That is not your password")
	if all, _ := tokensOf(h).List(h.Context()); len(all) != 0 {
		t.Fatalf("made %+v", all)
	}
	text := find(t, op.Post("/settings/tokens", good...).Want(ok).Has("It is shown this once").Text, tokenPattern)
	op.Get("/settings/tokens").Want(ok).Lacks(text).Has("etl", "read conversions", "every advertiser", "2026-04-01")
	token, err := tokensOf(h).Bearer(h.Context(), text)
	h.Must(err)
	if token.Account != 0 || token.Scopes != homing.ScopeReports|homing.ScopeConversions || token.Expires != h.Millis()+homing.MillisIn(30*24*time.Hour) {
		t.Errorf("made %+v", token)
	}
	bound := find(t, op.Post("/settings/tokens", with("account", a.ID.String())...).Want(ok).Text, tokenPattern)
	if token, err = tokensOf(h).Bearer(h.Context(), bound); err != nil || token.Account != a.ID {
		t.Errorf("made %+v, %v", token, err)
	}
	op.Post("/settings/tokens/1/revoke").Want(moved)
	op.Get("/settings/tokens?done=token-revoked").Want(ok).Has("revoked", "refused from now on")
	if _, err := tokensOf(h).Bearer(h.Context(), text); err == nil {
		t.Error("a revoked token opens")
	}
	h.Pass(31 * 24 * time.Hour)
	h.Stranger().Post("/signin", "email", "ann@example.com", "password", paneltest.Password).Want(moved)
}

func TestAnAdvertisersTokensAreBoundToIt(t *testing.T) {
	h := open(t, settings.Given{})
	h.Operator()
	a, other := h.Account("Northwind"), h.Account("Other")
	mara := h.Advertiser(a.ID, "mara@example.com")
	for _, n := range []signin.NewToken{{Name: "operators", Scopes: homing.AllScopes}, {Name: "others", Account: other.ID, Scopes: homing.ScopeReports}} {
		_, _, err := tokensOf(h).Make(h.Context(), "test", n)
		h.Must(err)
	}
	form := []string{"name", "mine", "account", "all", "scope", "reports:read", "expires", "never", "password", paneltest.Password}
	text := find(t, mara.Post("/settings/tokens", form...).Want(ok).Text, tokenPattern)
	token, err := tokensOf(h).Bearer(h.Context(), text)
	if err != nil || token.Account != a.ID || token.Expires != 0 {
		t.Errorf("made %+v, %v", token, err)
	}
	mara.Get("/settings/tokens").Want(ok).Has("mine").Lacks("operators<", "others<", "every advertiser", "Other", `name="account"`)
	for _, id := range []string{"1", "2", "9", "03"} {
		mara.Post("/settings/tokens/" + id + "/revoke").Want(missing)
	}
	mara.Post("/settings/tokens/3/revoke").Want(moved)
	if all, _ := tokensOf(h).List(h.Context()); all[0].Revoked != 0 || all[1].Revoked != 0 || all[2].Revoked == 0 {
		t.Errorf("revoked %+v", all)
	}
}

func TestManyTokensHavePages(t *testing.T) {
	h := open(t, settings.Given{})
	op := h.Operator()
	for range 201 {
		_, _, err := tokensOf(h).Make(h.Context(), "test", signin.NewToken{Name: strings.Repeat("n", 200), Scopes: homing.AllScopes})
		h.Must(err)
	}
	shown := op.Get("/settings/tokens").Want(ok).Has("1 to 50 of 201 tokens", "/settings/tokens?page=2", "/settings/tokens/201/revoke")
	if len(shown.Text) > 100<<10 {
		t.Errorf("the page has %d bytes", len(shown.Text))
	}
	seen := map[string]bool{}
	for n := range 5 {
		for _, m := range regexp.MustCompile(`/settings/tokens/(\d+)/revoke`).FindAllString(op.Get(fmt.Sprintf("/settings/tokens?page=%d", n+1)).Want(ok).Text, -1) {
			seen[m] = true
		}
	}
	if len(seen) != 201 {
		t.Errorf("the pages list %d of 201", len(seen))
	}
}
