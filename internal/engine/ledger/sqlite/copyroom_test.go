package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"homing"
	"homing/internal/engine/ledger/ledgertest"
)

// A full disk under a copy is the copy's trouble alone.
func TestCopyToAFullDisk(t *testing.T) {
	l := openWith(t, Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Fatal: func(err error) { t.Error("fatal:", err) }})
	for n := range 500 {
		if _, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(n), "")); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(smallDisk(t, "200k"), "copy.db")
	if _, err := l.Copy(t.Context(), path); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("a copy of a large ledger to a small disk: %v", err)
	}
	if _, err := l.Decide(t.Context(), ledgertest.Claim(ledgertest.Origin(500), "")); err != nil {
		t.Errorf("after it, the ledger: %v", err)
	}
	if len(l.Damage()) > 0 || l.broken() != nil {
		t.Errorf("the ledger took the copy's trouble for its own: %q, %v", l.Damage(), l.broken())
	}
}
