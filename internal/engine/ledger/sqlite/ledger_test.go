package sqlite_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/sqlite"
)

func TestLedger(t *testing.T) { ledgertest.Run(t, store) }

// store is a file in a directory of its own, each page of which carries its sums
// in the end.
func store(t testing.TB) func() ledger.Ledger {
	path := filepath.Join(t.TempDir(), "ledger.db")
	var last *sqlite.Ledger
	t.Cleanup(func() {
		if err := last.Close(); err != nil {
			t.Error(err)
		}
		if pages := sqlite.Unsealed(t, path); len(pages) > 0 {
			t.Errorf("pages %v do not verify", pages)
		}
	})
	return func() ledger.Ledger {
		last = open(t, sqlite.Options{Path: path})
		return last
	}
}

func open(t testing.TB, o sqlite.Options) *sqlite.Ledger {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.LeadHashes == nil {
		o.LeadHashes = ledgertest.HashLeads
	}
	l, err := sqlite.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
