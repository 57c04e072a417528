package api

import (
	"strings"
	"testing"

	"homing"
)

// TestNullInABody clears what may be empty; elsewhere it is a fault.
func TestNullInABody(t *testing.T) {
	h := newHouse(t)
	h.account("one")
	token := h.token(0, homing.AllScopes)
	const path = "/accounts/one/campaigns/spring"
	h.put(token, path, `{"default_value":"1.50"}`).want(200)
	if got := into[Campaign](h.put(token, path, `{"hold":true}`).want(200)); got.DefaultValue != homing.ValueOf(3*homing.Unit/2) {
		t.Errorf("left out: %+v", got)
	}
	if got := into[Campaign](h.put(token, path, `{"default_value": null}`).want(200)); got.DefaultValue.Given {
		t.Errorf("null: %+v", got)
	}
	before := h.version()
	for _, c := range []struct{ path, body, field string }{
		{path, `{"name":null}`, "name"}, {path, `{"url":null,"hold":false}`, "url"}, {path, `{"goals":null}`, "goals"}, {path, `{"window":null}`, "window"},
		{"/accounts/one", `{"name":null}`, "name"}, {"/accounts/one", `{"currency":null}`, "currency"}, {"/accounts/one", `{"multi_lead": null }`, "multi_lead"},
		{"/accounts/one", `{"default_value":null}`, "default_value"}, {"/accounts/one/keys/main", `{"key":null}`, "key"},
	} {
		got := h.put(token, c.path, c.body).problem(400, "invalid")
		if len(got.Errors) != 1 || got.Errors[0].Field != c.field || got.Errors[0].Problem == "" {
			t.Errorf("%s %s: %+v", c.path, c.body, got)
		}
	}
	if h.version() != before {
		t.Error("a refused body changed something")
	}
}

// TestFaultsOfBodies name the field, in words of JSON.
func TestFaultsOfBodies(t *testing.T) {
	h := newHouse(t)
	h.account("one")
	token := h.token(0, homing.AllScopes)
	const account, campaign = "/accounts/one", "/accounts/one/campaigns/spring"
	for _, c := range []struct{ path, body, field, problem string }{
		{account, `{"name":""}`, "name", "it is empty"},
		{account, `{"Name":"x"}`, "Name", "it is not known here: write it name"},
		{account, `{"nmae":"x"}`, "nmae", "it is not known here"},
		{account, `{"name":5}`, "name", "want a text, not a number"},
		{account, `{"multi_lead":"yes"}`, "multi_lead", "want true or false, not a text"},
		{account, `{"currency":"euro"}`, "currency", "write the three letters of ISO 4217, such as USD"},
		{account, `{"price_min":"-1"}`, "price_min", "negative"},
		{account, `{"price_min":"300"}`, "price_min", "above price-max"},
		{campaign, `{"goals":[{"id":-5,"name":"x"}]}`, "goals.id", "want a whole number from 0 to 4294967295"},
		{campaign, `{"goals":[{"id":1,"Name":"x"}]}`, "Name", "write it name"},
		{campaign, `{"goals":{}}`, "goals", "want a list, not an object"},
		{campaign, `{"goals":[{"id":0,"name":"x"}]}`, "goals", "number goals from 1"},
		{campaign, `{"window":"soon"}`, "window", "write it like 30d"},
		{campaign, `{"url":"javascript:x"}`, "url", "URL"},
		{campaign, `{"status":"gone"}`, "status", "want one of"},
		{campaign, `{"status":7}`, "status", "want a text, not a number"},
		{campaign, `{"default_value":"1000"}`, "default_value", "range is"},
		{"/accounts/one/keys/main", `{"key":"short"}`, "key", "key"},
	} {
		got := h.put(token, c.path, c.body).problem(400, "invalid")
		if len(got.Errors) != 1 || got.Errors[0].Field != c.field || !strings.Contains(got.Errors[0].Problem, c.problem) || strings.Contains(got.Detail, "homing.") {
			t.Errorf("%s: %+v, want %s: %s", c.body, got, c.field, c.problem)
		}
	}
	for _, body := range []string{`[]`, `null`, `{`, `{}{}`} {
		if got := h.put(token, account, body).problem(400, "invalid"); strings.Contains(got.Detail, "a line") || !strings.Contains(got.Detail, "want one JSON object") {
			t.Errorf("%s: %+v", body, got)
		}
	}
	got := h.ask("POST", "/erasures", token, `{}`).problem(400, "invalid")
	if len(got.Errors) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestCurrencyStays once there are conversions in it.
func TestCurrencyStays(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	token := h.token(0, homing.AllScopes)
	h.put(token, "/accounts/one", `{"currency":"GBP"}`).want(200)
	h.convert(one, h.click(one), "")
	if got := h.put(token, "/accounts/one", `{"currency":"USD"}`).problem(409, "conflict"); !strings.Contains(got.Detail, "has conversions in GBP") {
		t.Errorf("%+v", got)
	}
	if got := into[Account](h.put(token, "/accounts/one", `{"currency":"GBP","name":"Still"}`).want(200)); got.Currency != "GBP" || got.Name != "Still" {
		t.Errorf("%+v", got)
	}
}

// TestForeignClickIDs are answered like those that nobody made.
func TestForeignClickIDs(t *testing.T) {
	h, mine, theirs := stocked(t)
	token := h.token(mine.ID, homing.AllScopes)
	for _, list := range []string{"/clicks", "/postbacks", "/conversions/search"} {
		want := h.get(token, list+"?click_id="+h.clickID(theirs)).want(200).Body.String()
		for _, id := range []string{strings.Repeat("0", 40), strings.Repeat("7", 40)} {
			if got := h.get(token, list+"?click_id="+id).want(200).Body.String(); got != want {
				t.Errorf("%s of %s: %s, want %s", list, id, got, want)
			}
		}
	}
}
