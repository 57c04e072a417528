package sqlite_test

import (
	"testing"

	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/sqlite"
)

func TestCopies(t *testing.T) {
	ledgertest.RunCopies(t, store, func(t testing.TB, path string) ledger.Ledger {
		return open(t, sqlite.Options{Path: path})
	})
}
