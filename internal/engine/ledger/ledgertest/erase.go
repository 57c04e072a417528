package ledgertest

import (
	"fmt"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

func testErase(t *testing.T, store Store) {
	t.Run("what goes and what stays", func(t *testing.T) { eraseParts(t, fresh(t, store)) })
	t.Run("uniqueness stays", func(t *testing.T) { eraseUniqueness(t, fresh(t, store)) })
	t.Run("numbers are never used again", func(t *testing.T) { eraseNumbers(t, fresh(t, store)) })
}

func eraseParts(t *testing.T, l ledger.Ledger) {
	gone, other := account(t, l, "gone"), account(t, l, "other")
	k, otherKey := key(gone, "secretsecretsecret"), key(other, "othersecretothersecret")
	p := campaign(gone, "slug")
	p.Ref, p.Goals = "ref", []homing.Goal{{ID: 1, Name: "sale"}}
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}, ledger.PutKey{Key: &otherKey}, ledger.PutCampaign{Campaign: &p}))
	must(t, l.NoteKeyUse(ctx(t), []ledger.KeyUse{{Key: k.ID, Count: 1, Addr: "192.0.2.0"}}))
	u := homing.User{Email: "somebody@gone.example", Role: homing.RoleAdvertiser, Account: gone}
	must(t, l.PutUser(ctx(t), by, &u))
	must(t, l.PutSession(ctx(t), ledger.Session{Token: ledger.TokenHash{1}, User: u.ID, Created: Noon, Expires: Noon + 1}))
	must(t, l.PutLink(ctx(t), ledger.Link{Token: ledger.TokenHash{2}, Purpose: ledger.LinkPassword, User: u.ID, Created: Noon, Expires: Noon + 1}))
	for i := range 3 {
		c := Claim(Origin(i), "lead")
		c.Account = gone + homing.AccountID(i)/2 // the third is the other's
		c.Receipt = Receipt(c)
		decide(t, l, c)
	}
	must(t, l.Amend(ctx(t), ledger.Amendment{Conversion: 1, From: homing.Approved, To: homing.Rejected, At: Noon, Actor: "user 1", Reason: "gone's story"}))

	erase := ledger.EraseAccount{Account: gone, Lead: HashLead}
	must(t, l.Apply(ctx(t), by, erase))
	must(t, l.Apply(ctx(t), by, erase)) // a repeat changes nothing

	s := snapshot(t, l)
	equal(t, "account", fmt.Sprintf("%+v", s.Accounts[0]), fmt.Sprintf("%+v", homing.Account{ID: gone, Erased: true}))
	equal(t, "other account", s.Accounts[1].Name, "other")
	equal(t, "keys", fmt.Sprintf("%+v", s.Keys), fmt.Sprintf("%+v", []homing.Key{otherKey}))
	c := s.Campaigns[0]
	equal(t, "campaign", fmt.Sprint(c.ID, c.Account, c.Name, c.URL, c.Ref, c.Goals), fmt.Sprint(p.ID, gone, "", "", "", []homing.Goal(nil)))
	_, err := l.UserByID(ctx(t), u.ID)
	mustBe(t, err, homing.ErrNotFound)
	_, err = l.SessionBy(ctx(t), ledger.TokenHash{1})
	mustBe(t, err, homing.ErrNotFound)
	_, err = l.LinkBy(ctx(t), ledger.TokenHash{2})
	mustBe(t, err, homing.ErrNotFound)
	uses, err := l.KeyUses(ctx(t))
	must(t, err)
	equal(t, "key uses", len(uses), 0)

	receipts := all(t, l.Receipts(ctx(t), ledger.ReceiptQuery{}))
	if len(receipts) != 1 || receipts[0].Account != other {
		t.Errorf("receipts after the erasure: %+v", receipts)
	}
	for _, c := range all(t, l.Conversions(ctx(t), ledger.ConversionQuery{})) {
		want := "lead"
		if c.Account == gone {
			want = HashLead("lead")
		}
		equal(t, fmt.Sprintf("lead of conversion %v", c.ID), c.Lead, want)
	}
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	for _, e := range entries {
		if strings.Contains(e.Detail+e.Object, "gone") {
			t.Errorf("the audit log still tells %q", e.Detail)
		}
	}
	for _, edit := range []ledger.Edit{ledger.PutAccount{Account: &homing.Account{ID: gone, Name: "back"}}, ledger.PutKey{Key: &k}, ledger.PutCampaign{Campaign: &p}} {
		mustBe(t, l.Apply(ctx(t), by, edit), homing.ErrNotFound)
	}
}

// eraseUniqueness erases an account with more conversions than one step of
// any implementation takes.
func eraseUniqueness(t *testing.T, l ledger.Ledger) {
	gone := account(t, l, "gone")
	const n = 2500
	together(50, func(w int) {
		for i := w; i < n; i += 50 {
			c := Claim(Origin(i), []string{"", "lead", "~lead"}[i%3])
			c.Account = gone
			if _, err := l.Decide(ctx(t), c); err != nil {
				t.Error(err)
			}
		}
	})
	must(t, l.Apply(ctx(t), by, ledger.EraseAccount{Account: gone, Lead: HashLead}))
	seen := map[string]bool{}
	for _, c := range all(t, l.Conversions(ctx(t), ledger.ConversionQuery{})) {
		i := int(Noon-c.Click.Time)*1000 + int(c.Click.Seq)
		want := []string{"", HashLead("lead"), HashLead("~lead")}[i%3]
		if c.Lead != want {
			t.Fatalf("conversion %v has lead %q, want %q", c.ID, c.Lead, want)
		}
		seen[fmt.Sprint(c.Click, c.Goal, c.Lead)] = true
	}
	equal(t, "identities", len(seen), n)
	equal(t, "receipts", len(all(t, l.Receipts(ctx(t), ledger.ReceiptQuery{}))), 0)
	// A claim that was under way when the account went counts nothing.
	c := Claim(Origin(1), "lead")
	c.Account = gone
	if d, err := l.Decide(ctx(t), c); err == nil && d.First {
		t.Error("an erased account got a new conversion")
	}
}

func eraseNumbers(t *testing.T, l ledger.Ledger) {
	gone := account(t, l, "gone")
	k := key(gone, "secretsecretsecret")
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}))
	u := homing.User{Email: "a@b.example", Role: homing.RoleAdvertiser, Account: gone}
	must(t, l.PutUser(ctx(t), by, &u))
	must(t, l.Apply(ctx(t), by, ledger.EraseAccount{Account: gone, Lead: HashLead}))
	next := account(t, l, "gone") // public id and ref are free again
	k2 := key(next, "secretsecretsecret")
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k2}))
	u2 := homing.User{Email: "a@b.example", Role: homing.RoleAdvertiser, Account: next}
	must(t, l.PutUser(ctx(t), by, &u2))
	if next <= gone || k2.ID <= k.ID || u2.ID <= u.ID {
		t.Errorf("numbers used again: account %v, key %v, user %v", next, k2.ID, u2.ID)
	}
}
