package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
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

// unreadable is a ledger of which the users' page is damaged.
type unreadable struct{ ledger.People }

func (unreadable) Users(context.Context) ([]homing.User, error) { return nil, homing.ErrDamaged }

// Who cannot read the users in a damaged ledger still serves: clicks need none of them.
func TestDamagedUsersKeepNobodyFromServing(t *testing.T) {
	var said, log strings.Builder
	s := &server{
		house: &house{}, log: slog.New(slog.NewTextHandler(&log, nil)),
		signIn: signin.New(signin.Options{People: unreadable{}, Clock: time.Now, DeskURL: func() string { return "http://desk" }}),
	}
	if err := s.announceSetUp(t.Context(), &said); err != nil || said.Len() > 0 {
		t.Errorf("said %q, %v", said.String(), err)
	}
	if !strings.Contains(log.String(), "homing doctor") {
		t.Errorf("logged %q", log.String())
	}
}
