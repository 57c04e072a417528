package ledgertest

import (
	"fmt"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

// testReopen closes a ledger with everything in it and looks whether it is
// still there, and whether numbers go on.
func testReopen(t *testing.T, store Store) {
	open := store(t)
	l := open()
	one := account(t, l, "one")
	gone := account(t, l, "gone")
	k, p := key(one, "secretsecretsecret"), campaign(one, "slug")
	must(t, l.Apply(ctx(t), by, ledger.PutKey{Key: &k}, ledger.PutCampaign{Campaign: &p}))
	must(t, l.Apply(ctx(t), by, ledger.EraseAccount{Account: gone, Lead: HashLead}))
	u := homing.User{Email: "a@example.org", Role: homing.RoleOperator, Level: homing.Owner, TOTP: []byte("sealed"), Recovery: []homing.KeyHash{{1}}}
	must(t, l.PutUser(ctx(t), by, &u))
	decide(t, l, Claim(Origin(1), "a"))
	must(t, l.Amend(ctx(t), ledger.Amendment{Conversion: 1, From: homing.Approved, To: homing.Pending, At: Noon, Actor: "user 1"}))
	held := lease(t, l, Noon, Noon+100, false)
	must(t, l.PutToken(ctx(t), by, &homing.Token{Name: "etl", Account: one, Scopes: homing.ScopeReports, Created: Noon}))
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(7), Lead: HashLead}))
	must(t, l.Apply(ctx(t), by, ledger.PutInstallation{Installation: homing.Installation{Name: "x", Zone: "Asia/Tokyo"}}))
	must(t, l.PutNotice(ctx(t), ledger.Notice{Kind: "disk", Object: "disk", Since: Noon}))
	before := contents(t, l)
	must(t, l.Close())
	must(t, l.Close()) // once more does nothing

	_, err := l.Decide(ctx(t), Claim(Origin(2), ""))
	mustBe(t, err, homing.ErrUnavailable)
	_, err = l.Snapshot(ctx(t))
	mustBe(t, err, homing.ErrUnavailable)

	l = open()
	defer func() { must(t, l.Close()) }()
	equal(t, "contents", contents(t, l), before)
	must(t, l.Check(ctx(t)))
	equal(t, "duplicate", decide(t, l, Claim(Origin(1), "a")),
		ledger.Decision{Conversion: 1, Status: homing.Pending, Value: homing.ValueOf(3 * homing.Unit / 2)})
	equal(t, "lead code of an erased click, after a restart", decide(t, l, Claim(Origin(7), "a")).First, true)
	equal(t, "the same again", decide(t, l, Claim(Origin(7), "a")).First, false)
	equal(t, "as it is stored", leadsOf(t, l, Origin(7)), fmt.Sprintf("%q", []string{HashLeads("a")[0]}))
	equal(t, "next conversion", decide(t, l, Claim(Origin(2), "")).Conversion, 3)
	equal(t, "next account", account(t, l, "two"), gone+1)
	must(t, l.Extend(ctx(t), held, Noon+200))
	late := Claim(Origin(3), "")
	late.Account = gone
	if d, err := l.Decide(ctx(t), late); err == nil && d.First {
		t.Error("an erased account got a conversion after a restart")
	}
	size, err := l.Size()
	must(t, err)
	if size <= 0 {
		t.Errorf("size %d", size)
	}
}

// contents is everything a ledger can be asked, as text.
func contents(t testing.TB, l ledger.Ledger) string {
	t.Helper()
	s := snapshot(t, l)
	changes, err := l.Changes(ctx(t), 0, 1000)
	must(t, err)
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 1000})
	must(t, err)
	list, err := l.Users(ctx(t))
	must(t, err)
	keys, err := l.Tokens(ctx(t))
	must(t, err)
	gone, err := l.Erasures(ctx(t), 0, 1000)
	must(t, err)
	told, err := l.Notices(ctx(t))
	must(t, err)
	return fmt.Sprintf("%d %s %+v %+v\n%+v\n%+v\n%+v\n%+v\n%+v\n%+v\n%+v", s.Version, text(s), s.Installation, told, changes, entries, list, keys, gone,
		all(t, l.Conversions(ctx(t), ledger.ConversionQuery{})), all(t, l.Receipts(ctx(t), ledger.ReceiptQuery{})))
}
