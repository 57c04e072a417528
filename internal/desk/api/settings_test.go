package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// version grows with every change of the settings.
func (h *house) version() int64 {
	h.t.Helper()
	v, err := h.ledger.Version(h.t.Context())
	h.must(err)
	return v
}

func TestPutAccount(t *testing.T) {
	h := newHouse(t)
	token := h.token(0, homing.AllScopes)
	const path = "/accounts/adv-17"
	h.put(token, path, `{}`).problem(400, "invalid") // a new account needs a name
	if made := into[Account](h.put(token, path, `{"name":"Acme"}`).want(201)); made.Ref != "adv-17" || made.Currency != "USD" || made.PriceMax != 200*homing.Unit {
		t.Errorf("made %+v", made)
	}
	before := h.version()
	same := h.put(token, path, `{"name":"Acme"}`).want(200)
	if h.put(token, path, "").want(200).Body.String() != same.Body.String() || h.version() != before {
		t.Errorf("repeating a PUT changed something: %s", same.Body)
	}
	changed := into[Account](h.put(token, path, `{"price_max":"50.5","multi_lead":true,"currency":"EUR"}`).want(200))
	if changed.Name != "Acme" || changed.PriceMax != 50*homing.Unit+homing.Unit/2 || !changed.MultiLead || changed.Currency != "EUR" {
		t.Errorf("changed %+v", changed)
	}
	if got := into[Account](h.get(token, path).want(200)); !reflect.DeepEqual(got, changed) {
		t.Errorf("got %+v, want %+v", got, changed)
	}
	fenced := into[Account](h.put(token, path, `{"senders":["203.0.113.9/24"," 2001:db8::1 ","203.0.113.0/24"]}`).want(200))
	if want := []string{"203.0.113.0/24", "2001:db8::1"}; !slices.Equal(fenced.Senders, want) {
		t.Errorf("senders %q, want %q", fenced.Senders, want)
	}
	if open := into[Account](h.put(token, path, `{"senders":[]}`).want(200)); len(open.Senders) != 0 {
		t.Errorf("senders %q, want none", open.Senders)
	}
	before += 2
	for _, bad := range []string{
		`{"senders":["example.com"]}`, `{"senders":"203.0.113.0/24"}`, `{"senders":["203.0.113.0/33"]}`,
		`{"name":""}`, `{"nme":"x"}`, `{"ref":"other"}`, `{"price_min":"-1"}`, `{"price_min":"1e400"}`, `{"price_min":"300"}`, `{"price_max":1.23456789}`,
		`{"currency":"euro"}`, `{"name":"a"}{}`, `{"name":"a","name":"b"}`, `[]`, `null`, `"x"`, `{`, "\xff", `{"name":"\ud800"}`, `{"name":5}`, `{"keys":["x"]}`, `{"url":"x"}`,
		strings.Repeat(`{"a":`, 20000),
	} {
		h.put(token, path, bad).problem(400, "invalid")
	}
	if got := into[Account](h.get(token, path)); !reflect.DeepEqual(got, changed) {
		t.Errorf("refused bodies changed something: %+v", got)
	}
	if n := h.version(); n != before+1 {
		t.Errorf("the settings were changed %d times, want once", n-before)
	}
	audit, err := h.ledger.Audit(t.Context(), ledger.AuditQuery{Limit: 1})
	h.must(err)
	if audit[0].Action != "account.update" || audit[0].Actor != "token 1" {
		t.Errorf("audit %+v", audit[0])
	}
}

// Any reference that the operator has is reached by its path.
func TestStrangeReferences(t *testing.T) {
	h := newHouse(t)
	token := h.token(0, homing.AllScopes)
	for path, ref := range map[string]string{
		"/accounts/a%2Fb": "a/b", "/accounts/%2e%2e": "..", "/accounts/a%20b+c": "a b+c", "/accounts/%C3%A9%3F": "é?", "/accounts/100%25": "100%",
	} {
		if got := into[Account](h.put(token, path, `{"name":"x"}`).want(201)); got.Ref != ref {
			t.Errorf("%s made %q, want %q", path, got.Ref, ref)
		}
		h.get(token, path).want(200)
	}
	for _, path := range []string{"/accounts/%FF", "/accounts/", "/accounts/a/b", "/accounts/a%2Fb/", "/accounts/..", "/accounts/./keys"} {
		h.ask("PUT", path, token, `{"name":"x"}`).problem(404, "not-found")
	}
	h.put(token, "/accounts/%00", `{"name":"x"}`).problem(400, "invalid")
	h.put(token, "/accounts/"+strings.Repeat("x", 201), `{"name":"x"}`).problem(400, "invalid")
}

// What was made in the panel has no ref, and is named by what is random.
func TestThingsWithoutRef(t *testing.T) {
	h := newHouse(t)
	token := h.token(0, homing.AllScopes)
	h.account("one")
	for _, a := range h.catalog.View().Accounts {
		_, err := h.catalog.UpdateAccount(t.Context(), "panel", a.ID, func(a *homing.Account) { a.Ref = "" })
		h.must(err)
	}
	a := h.catalog.View().Accounts[0]
	h.get(token, "/accounts/one").problem(404, "not-found")
	if got := into[Account](h.put(token, "/accounts/"+a.PublicID, `{"name":"Renamed"}`).want(200)); got.ID != a.ID || got.Ref != "" || got.Name != "Renamed" {
		t.Errorf("%+v", got)
	}
	if got := into[Campaign](h.put(token, "/accounts/"+a.PublicID+"/campaigns/spring", `{"hold":true}`).want(200)); !got.Hold {
		t.Errorf("%+v", got)
	}
}

func TestPutCampaign(t *testing.T) {
	h := newHouse(t)
	h.account("one")
	token := h.token(0, homing.AllScopes)
	const path = "/accounts/one/campaigns/cmp-204"
	h.put(token, path, `{"name":"Autumn"}`).problem(400, "invalid")
	body := `{"name":"Autumn","url":"https://shop.example/?c={click_id}","window":"7d","default_value":"1.5","goals":[{"id":1,"name":"sale"}]}`
	made := into[Campaign](h.put(token, path, body).want(201))
	if made.ClickURL != "https://go.example/c/"+made.Slug || made.Window != "7d" || made.DefaultValue != homing.ValueOf(3*homing.Unit/2) ||
		made.AccountRef != "one" || made.Status != homing.CampaignActive || made.Currency != "EUR" {
		t.Errorf("made %+v", made)
	}
	before := h.version()
	h.put(token, path, body).want(200)
	h.put(token, path, `{}`).want(200)
	if h.version() != before {
		t.Error("repeating a PUT changed something")
	}
	changed := into[Campaign](h.put(token, path, `{"status":"paused","goals":[]}`).want(200))
	if changed.Slug != made.Slug || changed.ClickURL != made.ClickURL || changed.Status != homing.CampaignPaused || len(changed.Goals) != 0 {
		t.Errorf("changed %+v", changed)
	}
	for _, bad := range []string{`{"url":"javascript:alert(1)"}`, `{"window":"0"}`, `{"window":"9999999d"}`, `{"default_value":"1000"}`, `{"slug":"x"}`,
		`{"goals":[{"id":0,"name":"x"}]}`, `{"status":"gone"}`, `{"account":"two"}`} {
		h.put(token, path, bad).problem(400, "invalid")
	}
	list := into[Page[Campaign]](h.get(token, "/accounts/one/campaigns").want(200))
	if len(list.Rows) != 2 || list.Rows[1].Ref != "cmp-204" || list.Next != "" {
		t.Errorf("%+v", list)
	}
}

func TestPutKey(t *testing.T) {
	h := newHouse(t)
	h.account("one")
	h.account("two")
	token := h.token(0, homing.AllScopes)
	const path = "/accounts/one/keys/main"
	made := into[Key](h.put(token, path, "").want(201))
	if len(made.Key) != homing.NewKeyLen || made.Name != "main" || made.State != "active" {
		t.Errorf("made %+v", made)
	}
	text := made.Key
	for _, again := range []string{"", "{}", `{"key":"` + text + `"}`} {
		if got := h.put(token, path, again).want(200); strings.Contains(got.Body.String(), text) || into[Key](got).ID != made.ID {
			t.Errorf("again: %s", got.Body)
		}
	}
	for _, look := range []string{path, "/accounts/one/keys", "/accounts"} {
		if got := h.get(token, look).want(200); strings.Contains(got.Body.String(), text) {
			t.Errorf("%s tells the key: %s", look, got.Body)
		}
	}
	const present = "Present0Key0Of0Theirs"
	h.put(token, path, `{"key":"`+present+`"}`).problem(409, "conflict") // keys do not change
	brought := h.put(token, "/accounts/one/keys/brought", `{"key":"`+present+`"}`).want(201)
	if strings.Contains(brought.Body.String(), present) {
		t.Errorf("a key that was brought is told: %s", brought.Body)
	}
	for _, path := range []string{"/accounts/one/keys/twice", "/accounts/two/keys/stolen"} {
		if got := h.put(token, path, `{"key":"`+present+`"}`).problem(409, "conflict"); strings.Contains(got.Detail, present) {
			t.Errorf("%s: %s", path, got.Detail)
		}
	}
	for _, bad := range []string{`{"key":"short0secret"}`, `{"key":"with-dash-with-dash-with"}`, `{"key":["` + present + `x"]}`, `{"ky":"` + present + `x"}`} {
		if got := h.put(token, "/accounts/one/keys/bad", bad).problem(400, "invalid"); strings.Contains(got.Detail, "secret") || strings.Contains(got.Detail, present) || strings.Contains(got.Detail, "with-dash") {
			t.Errorf("%s is quoted: %s", bad, got.Detail)
		}
	}
	h.pass(time.Minute)
	h.ask("DELETE", path, token, "").want(204)
	h.ask("DELETE", path, token, "").want(204)
	if got := into[Key](h.get(token, path).want(200)); got.State != "revoked" || got.Revoked != "2026-11-22T12:01:00.000Z" {
		t.Errorf("revoked %+v", got)
	}
	h.put(token, path, `{"key":"`+text+`"}`).problem(409, "conflict") // revoked for good
	if next := into[Key](h.put(token, path, "").want(201)); next.ID == made.ID || next.Key == "" || next.Key == text {
		t.Errorf("after the revocation: %+v", next)
	}
	h.ask("DELETE", "/accounts/one/keys/nothing", token, "").problem(404, "not-found")
	if strings.Contains(h.logged(), text) || strings.Contains(h.logged(), present) {
		t.Errorf("the log tells a key: %s", h.logged())
	}
}

// An account's own token may look after its keys.
func TestAnAccountLooksAfterItsKeys(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	token := h.token(one.ID, homing.AllScopes)
	h.put(token, "/accounts/one/keys/main", "").want(201)
	h.ask("DELETE", "/accounts/one/keys/main", token, "").want(204)
}

func TestPages(t *testing.T) {
	h := newHouse(t)
	token := h.token(0, homing.AllScopes)
	for i := range 5 {
		h.put(token, fmt.Sprintf("/accounts/a%d", i), `{"name":"x"}`).want(201)
	}
	var seen []string
	path := "/accounts?limit=2"
	for range 4 {
		got := h.get(token, path).want(200)
		page := into[Page[Account]](got)
		for _, a := range page.Rows {
			seen = append(seen, a.Ref)
		}
		link := got.Header().Get("Link")
		if page.Next == "" {
			if link != "" {
				t.Errorf("the last page links to %q", link)
			}
			break
		}
		next, ok := strings.CutSuffix(strings.TrimPrefix(link, "<"+prefix), `>; rel="next"`)
		if !ok || !strings.Contains(next, "cursor="+page.Next) || !strings.Contains(next, "limit=2") {
			t.Fatalf("Link %q for %q", link, page.Next)
		}
		path = next
	}
	if fmt.Sprint(seen) != "[a0 a1 a2 a3 a4]" {
		t.Errorf("seen %v", seen)
	}
	for _, bad := range []string{"limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "cursor=-1", "cursor=1e3", "limit=+1", "limti=2", "cursor=%zz", "a;b"} {
		h.get(token, "/accounts?"+bad).problem(400, "invalid")
	}
	if got := h.get(token, "/accounts?limit=0&cursor=x&wrong=1").problem(400, "invalid"); len(got.Errors) != 3 {
		t.Errorf("faults %+v", got.Errors)
	}
}

func TestErasures(t *testing.T) {
	h := newHouse(t)
	one := h.account("one")
	token := h.token(0, homing.AllScopes)
	click := h.click(one)
	h.convert(one, click, "ann@example.org")
	body := `{"click_id":"` + h.clickID(click) + `"}`
	for range 2 {
		if got := into[Erasure](h.ask("POST", "/erasures", token, body).want(202)); got.ClickID != h.clickID(click) || got.Erased == "" {
			t.Errorf("%+v", got)
		}
	}
	found, err := h.ledger.ConversionsOf(t.Context(), click)
	h.must(err)
	if found[0].Lead != h.ring.HashLead("ann@example.org") {
		t.Errorf("lead %q", found[0].Lead)
	}
	if id := h.convert(one, click, "ann@example.org"); id != found[0].ID {
		t.Errorf("counted again, as %s", id)
	}
	h.ask("POST", "/erasures", token, `{"account":"one"}`).want(202)
	h.get(token, "/accounts/one").problem(404, "not-found")
	for _, bad := range []string{`{}`, `{"click_id":"","account":""}`, `{"click_id":"` + strings.Repeat("0", 40) + `"}`, `{"click_id":"x"}`, `{"account":"one"}`,
		`{"account":"one","click_id":"x"}`, `{"account":5}`} {
		h.ask("POST", "/erasures", token, bad).problem(400, "invalid")
	}
	erasures, err := h.ledger.Erasures(t.Context(), 0, 10)
	h.must(err)
	if want := []ledger.Erasure{{Number: 1, At: homing.MillisOf(noon), Click: click}, {Number: 2, At: homing.MillisOf(noon), Account: one.ID}}; fmt.Sprint(erasures) != fmt.Sprint(want) {
		t.Errorf("erasures %v", erasures)
	}
}
