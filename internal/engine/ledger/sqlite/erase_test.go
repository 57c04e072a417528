package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

// An erasure that was cut short after its tombstone, and again in the middle of
// the conversions, goes on where it was, and hashes no lead twice.
func TestEraseGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := openWith(t, Options{Path: path})
	account := homing.Account{PublicID: "pub", Name: "gone"}
	erase := ledger.EraseAccount{Account: 1, Lead: ledgertest.HashLead}
	if err := l.Apply(t.Context(), ledger.Actor{}, ledger.PutAccount{Account: &account}); err != nil {
		t.Fatal(err)
	}
	const n = eraseStep + 10
	for i := range n {
		if _, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(i), "lead")); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.do(t.Context(), func(w *writer) error { _, err := w.eraseAccount(ledger.Actor{}, 1); return err }); err != nil {
		t.Fatal(err)
	}
	unfinished := func() {
		t.Helper()
		l.Close()
		l = openWith(t, Options{Path: path})
		if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "unfinished") {
			t.Errorf("Check says %v of an unfinished erasure", err)
		}
		late := ledgertest.Claim(ledgertest.Origin(n), "lead")
		_, err := l.Decide(t.Context(), late)
		wantKind(t, err, homing.ErrUnavailable)
	}
	unfinished()
	step, err := l.nextErased(t.Context(), erase)
	if err == nil {
		err = l.do(t.Context(), func(w *writer) error { return w.eraseStep(1, step, false) })
	}
	if err != nil || len(step) != eraseStep {
		t.Fatalf("a step of %d, %v", len(step), err)
	}
	unfinished()
	if err := l.Apply(t.Context(), ledger.Actor{}, erase); err != nil {
		t.Fatal(err)
	}
	for c, err := range l.Conversions(t.Context(), ledger.ConversionQuery{}) {
		if err != nil || c.Lead != ledgertest.HashLead("lead") {
			t.Fatalf("conversion %v has lead %q, %v", c.ID, c.Lead, err)
		}
	}
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
