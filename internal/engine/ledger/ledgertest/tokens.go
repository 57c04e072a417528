package ledgertest

import (
	"fmt"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

func tokens(t *testing.T, l ledger.Ledger) {
	one, gone := account(t, l, "one"), account(t, l, "gone")
	hash := homing.HashKey([]byte("hmg_secret"))
	a := homing.Token{Name: "etl", Scopes: homing.AllScopes, Hash: hash, Created: Noon, Expires: Noon + 10}
	b := homing.Token{Name: "partner", Account: one, Scopes: homing.ScopeReports | homing.ScopeClicks, Hash: homing.KeyHash{2}, Created: Noon}
	c := homing.Token{Name: "theirs", Account: gone, Hash: homing.KeyHash{3}, Created: Noon}
	for i, token := range []*homing.Token{&a, &b, &c} {
		must(t, l.PutToken(ctx(t), by, token))
		equal(t, "number", token.ID, homing.TokenID(i+1))
	}
	list := func(want ...homing.Token) {
		t.Helper()
		got, err := l.Tokens(ctx(t))
		must(t, err)
		equal(t, "tokens", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
	list(a, b, c)
	got, err := l.TokenBy(ctx(t), hash)
	must(t, err)
	equal(t, "by hash", got, a)
	_, err = l.TokenBy(ctx(t), homing.KeyHash{9})
	mustBe(t, err, homing.ErrNotFound)

	twin := homing.Token{Name: "twin", Hash: hash}
	mustBe(t, l.PutToken(ctx(t), by, &twin), homing.ErrConflict)
	equal(t, "number of the twin", twin.ID, 0)
	mustBe(t, l.PutToken(ctx(t), by, &homing.Token{ID: 99, Hash: homing.KeyHash{99}}), homing.ErrNotFound)
	mustBe(t, l.PutToken(ctx(t), by, &homing.Token{Account: 99, Hash: homing.KeyHash{99}}), homing.ErrNotFound)
	moved := b
	moved.Account = gone
	mustBe(t, l.PutToken(ctx(t), by, &moved), homing.ErrInvalid)

	must(t, l.NoteTokenUse(ctx(t), b.ID, Noon+5))
	must(t, l.NoteTokenUse(ctx(t), b.ID, Noon+3)) // an older use changes nothing
	must(t, l.NoteTokenUse(ctx(t), 99, Noon))
	b.Revoked = Noon + 6
	must(t, l.PutToken(ctx(t), by, &b)) // and does not forget the last use
	b.Used = Noon + 5
	list(a, b, c)
	tokenAudit(t, l, b.ID)

	must(t, l.Apply(ctx(t), by, ledger.EraseAccount{Account: gone, Lead: HashLead}))
	list(a, b)
	mustBe(t, l.PutToken(ctx(t), by, &c), homing.ErrNotFound)
}

func tokenAudit(t *testing.T, l ledger.Ledger, revoked homing.TokenID) {
	t.Helper()
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	equal(t, "audit", entries[0].Action+" "+entries[0].Object, fmt.Sprintf("token.revoke token %d", revoked))
	for _, e := range entries {
		if strings.Contains(e.Detail, "hmg_") {
			t.Errorf("the audit log tells a token: %q", e.Detail)
		}
	}
}
