package ledgertest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

func testSettings(t *testing.T, store Store) {
	t.Run("round trip", func(t *testing.T) { settingsRoundTrip(t, fresh(t, store)) })
	t.Run("conflicts", func(t *testing.T) { settingsConflicts(t, fresh(t, store)) })
	t.Run("all or nothing", func(t *testing.T) { settingsAtomic(t, fresh(t, store)) })
	t.Run("at the same time", func(t *testing.T) { settingsParallel(t, fresh(t, store)) })
	t.Run("audit", func(t *testing.T) { settingsAudit(t, fresh(t, store)) })
	t.Run("audit query", func(t *testing.T) { auditQuery(t, fresh(t, store)) })
	t.Run("installation", func(t *testing.T) { installation(t, fresh(t, store)) })
	t.Run("accounts", func(t *testing.T) { accountExtras(t, fresh(t, store)) })
	t.Run("note", func(t *testing.T) { settingsNote(t, fresh(t, store)) })
	t.Run("key uses", func(t *testing.T) { keyUses(t, fresh(t, store)) })
}

func key(account homing.AccountID, secret string) homing.Key {
	return homing.Key{Account: account, Name: "main", Hash: homing.Secret(secret).Hash(), Sealed: []byte("sealed " + secret), Created: Noon}
}

func campaign(account homing.AccountID, slug string) homing.Campaign {
	return homing.Campaign{Account: account, Name: "Spring", Slug: slug, URL: "https://shop.example/?c={click_id}",
		Status: homing.CampaignActive, Window: homing.DefaultWindow, Created: Noon}
}

func snapshot(t testing.TB, l ledger.Ledger) *ledger.Snapshot {
	t.Helper()
	s, err := l.Snapshot(ctx(t))
	must(t, err)
	return s
}

// text writes settings so that they can be compared.
func text(s *ledger.Snapshot) string {
	return fmt.Sprintf("%+v %+v %+v", s.Accounts, s.Keys, s.Campaigns)
}

func settingsRoundTrip(t *testing.T, l ledger.Ledger) {
	a := homing.Account{PublicID: "AbCdEfGhIjKl", Ref: "crm-7", Name: "Ümlaut & Co", MultiLead: true,
		PriceMin: 10_000, PriceMax: 200_000_000, Currency: "EUR", Created: Noon}
	b := homing.Account{PublicID: "abcdefghijkl", Name: "no ref", Currency: "USD"}
	c := homing.Account{PublicID: "other", Name: "no ref either", Currency: "USD"}
	must(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &a}, ledger.PutAccount{Account: &b}, ledger.PutAccount{Account: &c}))
	equal(t, "numbers", fmt.Sprint(a.ID, b.ID, c.ID), "1 2 3")
	k := key(a.ID, "secretsecretsecret")
	k.Expires, k.Revoked = Noon+5, Noon+6
	p, q := campaign(a.ID, "s1"), campaign(b.ID, "s2")
	p.Ref, p.Window, p.DefaultValue, p.Hold, p.Status = "spring", 36*time.Hour, homing.ValueOf(0), true, homing.CampaignPaused
	p.Goals = []homing.Goal{{ID: 3, Name: `sale "x"`}, {ID: 1, Name: "lead"}}
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}, ledger.PutCampaign{Campaign: &p}, ledger.PutCampaign{Campaign: &q}))

	s := snapshot(t, l)
	want := &ledger.Snapshot{Accounts: []homing.Account{a, b, c}, Keys: []homing.Key{k}, Campaigns: []homing.Campaign{p, q}}
	equal(t, "snapshot", text(s), text(want))

	a.Name, p.Goals, p.DefaultValue, k.Name = "New", nil, homing.Value{}, "old"
	must(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &a}, ledger.PutKey{Key: &k}, ledger.PutCampaign{Campaign: &p}))
	want = &ledger.Snapshot{Accounts: []homing.Account{a, b, c}, Keys: []homing.Key{k}, Campaigns: []homing.Campaign{p, q}}
	after := snapshot(t, l)
	equal(t, "snapshot after a change", text(after), text(want))
	if after.Version <= s.Version {
		t.Errorf("version %d after %d", after.Version, s.Version)
	}
	version, err := l.Version(ctx(t))
	must(t, err)
	equal(t, "version", version, after.Version)
}

func settingsConflicts(t *testing.T, l ledger.Ledger) {
	one, two := account(t, l, "one"), account(t, l, "two")
	k, k2 := key(one, "secretsecretsecret"), key(two, "othersecretothersecret")
	p := campaign(one, "slug")
	p.Ref = "ref"
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}, ledger.PutKey{Key: &k2}, ledger.PutCampaign{Campaign: &p}))
	sameSlug, sameRef, otherRef := campaign(two, "slug"), campaign(one, "slug2"), campaign(two, "slug3")
	sameRef.Ref, otherRef.Ref = "ref", "ref"
	samePublic := homing.Account{PublicID: "pub-one", Name: "x"}
	sameAccountRef := homing.Account{ID: two, PublicID: "pub-two", Ref: "ref-one", Name: "x"}
	sameKey := key(two, "secretsecretsecret")
	moved, movedKey := p, k
	moved.Account, movedKey.Account = two, two
	lostKey, lostCampaign := key(99, "yetanothersecretyet"), campaign(99, "slug4")
	for _, c := range []struct {
		edit  ledger.Edit
		kind  error
		field string
	}{
		{ledger.PutAccount{Account: &samePublic}, homing.ErrConflict, "public id"},
		{ledger.PutAccount{Account: &sameAccountRef}, homing.ErrConflict, "ref"},
		{ledger.PutKey{Key: &sameKey}, homing.ErrConflict, "key"},
		{ledger.PutCampaign{Campaign: &sameSlug}, homing.ErrConflict, "slug"},
		{ledger.PutCampaign{Campaign: &sameRef}, homing.ErrConflict, "ref"},
		{ledger.PutCampaign{Campaign: &moved}, homing.ErrInvalid, "belongs"},
		{ledger.PutKey{Key: &movedKey}, homing.ErrInvalid, "belongs"},
		{ledger.PutAccount{Account: &homing.Account{ID: 99, Name: "x"}}, homing.ErrNotFound, "99"},
		{ledger.PutKey{Key: &homing.Key{ID: 99, Account: one}}, homing.ErrNotFound, "99"},
		{ledger.PutCampaign{Campaign: &homing.Campaign{ID: 99, Account: one}}, homing.ErrNotFound, "99"},
		{ledger.PutKey{Key: &lostKey}, homing.ErrNotFound, "99"},
		{ledger.PutCampaign{Campaign: &lostCampaign}, homing.ErrNotFound, "99"},
		{ledger.EraseAccount{Account: 99, Lead: HashLead}, homing.ErrNotFound, "99"},
	} {
		before := snapshot(t, l)
		err := l.Apply(ctx(t), by, c.edit)
		mustBe(t, err, c.kind)
		if !strings.Contains(err.Error(), c.field) {
			t.Errorf("%q does not name %q", err, c.field)
		}
		equal(t, "settings", text(snapshot(t, l)), text(before))
	}
	must(t, l.Apply(ctx(t), by, ledger.PutCampaign{Campaign: &otherRef})) // a ref is of its account
}

// settingsNote: what is done elsewhere stands in the audit log, too, and changes
// nothing.
func settingsNote(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	before := snapshot(t, l)
	must(t, l.Apply(ctx(t), by, ledger.Note{Action: "masterkey.rotate", Object: "master key 0badcafe", Detail: "words", Account: one}))
	equal(t, "settings", text(snapshot(t, l)), text(before))
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Action: "masterkey", Account: one, Limit: 9})
	must(t, err)
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	e := entries[0]
	equal(t, "entry", fmt.Sprint(e.Actor, e.At, e.Action, e.Object, e.Detail), fmt.Sprint(by.Name, by.At, "masterkey.rotate", "master key 0badcafe", "words"))
}

func settingsAtomic(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	before := snapshot(t, l)
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	fresh := homing.Account{PublicID: "fresh", Name: "fresh"}
	good, bad := campaign(one, "good"), campaign(one, "good")
	mustBe(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &fresh}, ledger.PutCampaign{Campaign: &good},
		ledger.PutCampaign{Campaign: &bad}), homing.ErrConflict)
	equal(t, "numbers of what was not made", fmt.Sprint(fresh.ID, good.ID, bad.ID), "0 0 0")
	after := snapshot(t, l)
	equal(t, "settings", text(after), text(before))
	equal(t, "version", after.Version, before.Version)
	more, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	equal(t, "audit entries", len(more), len(entries))
}

// settingsParallel has many make things of one slug, and all claim meanwhile:
// a refused edit must not take its neighbours along.
func settingsParallel(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	var made, claims atomic.Int32
	together(40, func(i int) {
		if i%2 == 0 {
			if d, err := l.Decide(ctx(t), Claim(Origin(i), "")); err == nil && d.First {
				claims.Add(1)
			}
			return
		}
		c := campaign(one, "only")
		if err := l.Apply(ctx(t), by, ledger.PutCampaign{Campaign: &c}); err == nil {
			made.Add(1)
		} else {
			mustBe(t, err, homing.ErrConflict)
		}
	})
	equal(t, "campaigns of one slug", made.Load(), 1)
	equal(t, "claims", claims.Load(), 20)
	equal(t, "conversions", len(all(t, l.Conversions(ctx(t), ledger.ConversionQuery{}))), 20)
}

func settingsAudit(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	k := key(one, "secretsecretsecret")
	p := campaign(one, "slug")
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}, ledger.PutCampaign{Campaign: &p}))
	k.Revoked = Noon
	p.Name, p.Status = "Autumn", homing.CampaignPaused
	must(t, l.Apply(ctx(t), ledger.Actor{Name: "user 9", At: Noon + 9}, ledger.PutKey{Key: &k}, ledger.PutCampaign{Campaign: &p}))
	must(t, l.Apply(ctx(t), by, ledger.PutCampaign{Campaign: &p})) // changes nothing

	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Actor+": "+e.Action+" "+e.Object)
		if strings.Contains(e.Detail, "secretsecret") || strings.Contains(e.Detail, "sealed") || strings.Contains(e.Detail, k.Hash.String()[:8]) {
			t.Errorf("a secret in the audit log: %q", e.Detail)
		}
	}
	equal(t, "audit", strings.Join(got, "\n"), strings.Join([]string{
		"user 9: campaign.update campaign 1", "user 9: key.revoke key 1",
		"user 3: campaign.create campaign 1", "user 3: key.create key 1", "user 3: account.create account 1"}, "\n"))
	for _, word := range []string{"name", "Spring", "Autumn", "active", "paused"} {
		if !strings.Contains(entries[0].Detail, word) {
			t.Errorf("%q does not tell %q", entries[0].Detail, word)
		}
	}
	equal(t, "time", entries[0].At, Noon+9)
	newest, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 1})
	must(t, err)
	equal(t, "newest", fmt.Sprint(newest), fmt.Sprint(entries[:1]))
}

func keyUses(t *testing.T, l ledger.Ledger) {
	one := account(t, l, "one")
	k := key(one, "secretsecretsecret")
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}))
	for _, u := range []ledger.KeyUse{
		{Key: 1, Count: 3, Last: Noon, Addr: "192.0.2.0", OverHTTP: 1},
		{Key: 1, Count: 4, Last: Noon + 5, Addr: "198.51.100.0"},
		{Key: 1, Count: 1, Last: Noon + 2, Addr: "203.0.113.0", OverHTTP: 1}, // another node's news, late
		{Key: 77, Count: 1, Last: Noon, Addr: "203.0.113.0"},                 // a key that is gone
	} {
		must(t, l.NoteKeyUse(ctx(t), []ledger.KeyUse{u}))
	}
	uses, err := l.KeyUses(ctx(t))
	must(t, err)
	equal(t, "uses", fmt.Sprintf("%+v", uses), fmt.Sprintf("%+v",
		[]ledger.KeyUse{{Key: 1, Count: 8, Last: Noon + 5, Addr: "198.51.100.0", OverHTTP: 2}}))
}
