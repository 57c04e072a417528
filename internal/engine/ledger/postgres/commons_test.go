package postgres

import (
	"errors"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

func TestCommons(t *testing.T) {
	ledgertest.RunCommons(t, func(t testing.TB) func() ledger.Commons {
		url := pgtest.Shared(t).Schema()
		openURL(t, url) // the tables are there when nodes start at once
		return func() ledger.Commons { return openURL(t, url) }
	})
}

// Nobody holds a duty of a ledger that was restored: holders of the lost house are
// gone, or will find out.
func TestRestoredEndsDuties(t *testing.T) {
	l := openWith(t, Options{})
	if err := l.Hold(t.Context(), "loader", 1, ledgertest.Noon, ledgertest.Noon+60_000); err != nil {
		t.Fatal(err)
	}
	if err := l.Restored(t.Context(), ledger.Actor{Name: "test", At: ledgertest.Noon}, ""); err != nil {
		t.Fatal(err)
	}
	if err := l.Hold(t.Context(), "loader", 2, ledgertest.Noon, ledgertest.Noon+60_000); err != nil {
		t.Error(err)
	}
	if err := l.Hold(t.Context(), "loader", 1, ledgertest.Noon, ledgertest.Noon+60_000); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("the holder of before: %v", err)
	}
}
