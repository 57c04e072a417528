package control_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/signin"
)

func TestAccountsAndKeys(t *testing.T) {
	s := open(t, nil)
	a, err := s.CreateAccount(s.ctx, control.AccountEdit{Name: ptr("Acme"), MultiLead: ptr(true), PriceMax: ptr(5 * homing.Unit)})
	must(t, err)
	if a.ID != 1 || len(a.Key) != homing.NewKeyLen || len(a.PublicID) != 12 || !a.MultiLead ||
		a.PriceMin.String() != "0.01" || a.PriceMax.String() != "5.00" || a.Currency != "USD" || a.Created != "2027-01-15T08:00:00.000Z" {
		t.Errorf("created: %+v", a)
	}
	if s.desk.Catalog.View().KeyByHash(homing.HashKey([]byte(a.Key))) == nil {
		t.Error("the key that was told is not the one in force")
	}
	a, err = s.UpdateAccount(s.ctx, a.ID, control.AccountEdit{Name: ptr("Acme Ltd"), MultiLead: ptr(false), Currency: ptr("eur")})
	must(t, err)
	if a.Name != "Acme Ltd" || a.MultiLead || a.Currency != "EUR" || a.PriceMax.String() != "5.00" || a.Key != "" {
		t.Errorf("updated: %+v", a)
	}
	k, err := s.RotateKey(s.ctx, a.ID, control.Rotation{Name: "second", Overlap: "1d"})
	must(t, err)
	if len(k.Key) != homing.NewKeyLen || k.State != "active" || k.Name != "second" {
		t.Errorf("rotated: %+v", k)
	}
	keys, err := s.Keys(s.ctx, a.ID)
	must(t, err)
	if len(keys) != 2 || keys[0].Expires != "2027-01-16T08:00:00.000Z" || keys[1].Expires != "" || keys[0].Key+keys[1].Key != "" {
		t.Errorf("keys: %+v", keys)
	}
	revoked, err := s.RevokeKey(s.ctx, a.ID, keys[0].ID)
	must(t, err)
	if revoked.State != "revoked" || revoked.Revoked == "" {
		t.Errorf("revoked: %+v", revoked)
	}
	erased, err := s.EraseAccount(s.ctx, a.ID)
	must(t, err)
	if erased != (control.Erasure{ID: a.ID, Erased: true}) {
		t.Errorf("erased: %+v", erased)
	}
	if list, err := s.Accounts(s.ctx); err != nil || len(list) != 0 {
		t.Errorf("an erased account is listed: %+v %v", list, err)
	}
	if _, err := s.Keys(s.ctx, a.ID); !errors.Is(err, homing.ErrNotFound) {
		t.Errorf("keys of an erased account: %v", err)
	}
}

func TestRotateWithDefaultAndNoOverlap(t *testing.T) {
	s := open(t, nil)
	a, _ := s.account("Acme")
	_, err := s.RotateKey(s.ctx, a.ID, control.Rotation{})
	must(t, err)
	_, err = s.RotateKey(s.ctx, a.ID, control.Rotation{Overlap: "0"})
	must(t, err)
	s.now++
	keys, err := s.Keys(s.ctx, a.ID)
	must(t, err)
	states := pick(keys, func(k control.Key) string { return k.State })
	if got := strings.Join(states, " "); got != "expired expired active" {
		t.Errorf("states: %s", got)
	}
	if _, err := s.RotateKey(s.ctx, a.ID, control.Rotation{Overlap: "-1h"}); !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("negative overlap: %v", err)
	}
}

func TestCampaigns(t *testing.T) {
	s := open(t, nil)
	a, _ := s.account("Acme")
	c, err := s.CreateCampaign(s.ctx, control.CampaignEdit{
		Account: a.ID, Name: ptr("Spring"), URL: ptr("http://shop.example/"), Window: ptr("7d"), Hold: ptr(true),
		DefaultValue: ptr(homing.ValueOf(homing.Unit)), Goals: []homing.Goal{{ID: 1, Name: "Install"}},
	})
	must(t, err)
	if !strings.HasPrefix(c.ClickURL, "http://127.0.0.1:8080/c/") || c.Window != "7d" || !c.Hold || c.DefaultValue.String() != "1.00" || len(c.Goals) != 1 {
		t.Errorf("created: %+v", c)
	}
	if got := strings.Join(c.Warnings, "\n"); !strings.Contains(got, "warning: The URL begins with http://") || !strings.Contains(got, "There is no {click_id}") {
		t.Errorf("warnings: %q", got)
	}
	kept, err := s.UpdateCampaign(s.ctx, c.ID, control.CampaignEdit{Status: ptr(homing.CampaignPaused)})
	must(t, err)
	if kept.Status != homing.CampaignPaused || kept.Window != "7d" || kept.DefaultValue.String() != "1.00" || len(kept.Goals) != 1 || kept.ClickURL != c.ClickURL {
		t.Errorf("updated: %+v", kept)
	}
	bare, err := s.UpdateCampaign(s.ctx, c.ID, control.CampaignEdit{Clear: []string{"default_value", "goals"}, Window: ptr("1d12h")})
	must(t, err)
	if bare.DefaultValue.Given || len(bare.Goals) != 0 || bare.Window != "36h" {
		t.Errorf("cleared: %+v", bare)
	}
	s.account("Other")
	for account, want := range map[homing.AccountID]int{0: 3, a.ID: 2, 9: 0} {
		if list, err := s.Campaigns(s.ctx, account); err != nil || len(list) != want {
			t.Errorf("campaigns of %d: %d, want %d (%v)", account, len(list), want, err)
		}
	}
}

func TestClickURLIsPublicIfThereIsOne(t *testing.T) {
	s := open(t, func(d *control.Desk) {
		d.Addresses = func() control.Addresses {
			return control.Addresses{Track: "http://127.0.0.1:8080", Public: "https://t.example.com"}
		}
	})
	if _, c := s.account("Acme"); !strings.HasPrefix(c.ClickURL, "https://t.example.com/c/") {
		t.Errorf("click URL %s", c.ClickURL)
	}
}

func TestImport(t *testing.T) {
	s := open(t, nil)
	const key = "123456789012345678901234567890abcdef"
	file := `{"ref":"adv","name":"Acme","keys":["` + key + `"]}
{"ref":"cmp","account":"adv","name":"Spring","url":"https://shop.example/?c={click_id}"}
`
	done, err := s.Import(s.ctx, strings.NewReader(file))
	must(t, err)
	if done.Accounts.Created != 1 || done.Campaigns.Created != 1 || done.KeysAdded != 1 || len(done.ClickURLs) != 1 ||
		done.ClickURLs[0].Ref != "cmp" || done.ClickURLs[0].ID != 1 || !strings.Contains(done.ClickURLs[0].ClickURL, "/c/") {
		t.Errorf("first: %+v", done)
	}
	again, err := s.Import(s.ctx, strings.NewReader(file))
	must(t, err)
	if again.Accounts.Unchanged != 1 || again.Campaigns.Unchanged != 1 || again.KeysAdded != 0 || again.ClickURLs[0] != done.ClickURLs[0] {
		t.Errorf("again: %+v", again)
	}
	_, err = s.Import(s.ctx, strings.NewReader(`{"ref":"x","name":"X","keys":["`+key+`"],"nonsense":1}`))
	if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "line 1") || strings.Contains(err.Error(), key) {
		t.Errorf("wrong line: %v", err)
	}
}

func TestUsersAndTrace(t *testing.T) {
	sign := &inviter{}
	s := open(t, func(d *control.Desk) { d.SignIn = sign })
	link, err := s.InviteUser(s.ctx, control.UserRequest{Email: "a@b.example"})
	must(t, err)
	if link.Link != "http://desk/welcome/command line" || link.Expires == "" || sign.last.Role != homing.RoleOperator || sign.last.Level != homing.Owner {
		t.Errorf("%+v for %+v", link, sign.last)
	}
	_, err = s.InviteUser(s.ctx, control.UserRequest{Email: "a@b.example", Account: 4, Level: homing.Manager, HideMoney: true})
	must(t, err)
	want := signin.Invitation{Email: "a@b.example", Role: homing.RoleAdvertiser, Account: 4, Level: homing.Manager, HideMoney: true}
	if sign.last != want {
		t.Errorf("asked for %+v", sign.last)
	}
	if _, err := s.ResetUser(s.ctx, "x@y.example", false); err == nil || err.Error() != "no mail for x@y.example" {
		t.Errorf("a fault is told as %v", err)
	}
	sign.reset = "a@b.example"
	if link, err = s.ResetUser(s.ctx, "a@b.example", false); err != nil || link.SecondFactorRemoved || sign.unlocked != "" {
		t.Errorf("reset: %+v %v, unlocked %q", link, err, sign.unlocked)
	}
	if link, err = s.ResetUser(s.ctx, "a@b.example", true); err != nil || !link.SecondFactorRemoved || link.Link == "" || sign.unlocked != "a@b.example" {
		t.Errorf("reset with the second factor: %+v %v, unlocked %q", link, err, sign.unlocked)
	}
	must(t, s.ledger.PutUser(s.ctx, ledgerActor, &homing.User{Email: "a@b.example", Role: homing.RoleOperator, Created: began, Level: homing.Manager}))
	users, err := s.Users(s.ctx)
	must(t, err)
	if len(users) != 1 || !users[0].Invited || users[0].Email != "a@b.example" || users[0].Level != homing.Manager {
		t.Errorf("users: %+v", users)
	}
	story, err := s.Trace(s.ctx, "https://x.example/?a=1&b=%2F")
	must(t, err)
	var asked struct{ Asked string }
	must(t, json.Unmarshal(story.Story, &asked))
	if !strings.Contains(string(story.Story), "?a=1&b=%2F") {
		t.Errorf("the URL is spelled in another way: %s", story.Story)
	}
	if asked.Asked != "https://x.example/?a=1&b=%2F" || len(story.Lines) != 1 {
		t.Errorf("story: %s %q", story.Story, story.Lines)
	}
	if _, err := s.Trace(s.ctx, " "); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("empty: %v", err)
	}
	if status, err := s.Status(s.ctx); err != nil || status.Node != 3 || status.Version != "test" {
		t.Errorf("status: %+v %v", status, err)
	}
}
