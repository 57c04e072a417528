package app

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"homing"
)

// Without --ledger there is a file; with one that is no PostgreSQL address there is
// neither, and the address, which may hold a password, is not told.
func TestOpenLedgerChooses(t *testing.T) {
	o := ledgerOptions{Path: filepath.Join(t.TempDir(), "ledger.db")}
	books, err := openLedger(t.Context(), &Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := books.Close(); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"mysql://homing:sesame@db/homing", "host=db password=sesame", "postgres://homing:sesame@db:port/homing"} {
		_, err := openLedger(t.Context(), &Config{Ledger: url}, ledgerOptions{})
		if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), "--ledger") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v", err)
		}
	}
}
