package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// TestALedgerThatComesLater is waited for, and used once it is there.
func TestALedgerThatComesLater(t *testing.T) {
	var there atomic.Bool
	open := func(ctx context.Context) (ledger.Ledger, error) {
		if !there.Load() {
			return nil, homing.ErrUnavailable
		}
		return openLedger(ctx, &Config{}, ledgerOptions{Path: filepath.Join(t.TempDir(), "ledger.db"), Logger: slog.New(slog.DiscardHandler)})
	}
	far, err := openFar(t.Context(), open, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Version(t.Context()); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("before: %v", err)
	}
	for _, err := range far.Conversions(t.Context(), ledger.ConversionQuery{}) {
		if !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("a list before: %v", err)
		}
	}
	if _, err := far.Common(t.Context(), "x"); !errors.Is(err, homing.ErrUnavailable) {
		t.Errorf("what is shared, before: %v", err)
	}
	p := &pulse{ask: func(ctx context.Context) error { _, err := far.Version(ctx); return err }}
	if p.take(t.Context()); p.err() == nil {
		t.Error("it has a pulse before")
	}
	there.Store(true)
	for deadline := time.Now().Add(20 * farEvery); ; time.Sleep(10 * time.Millisecond) {
		if _, err := far.Version(t.Context()); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("it does not come: %v", err)
		}
	}
	if p.take(t.Context()); p.err() != nil {
		t.Errorf("its pulse: %v", p.err())
	}
	if _, err := far.Common(t.Context(), "x"); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("an embedded one is shared: %v", err)
	}
	if err := far.Close(); err != nil {
		t.Error(err)
	}
}

// TestALedgerThatNeverOpens: what waiting does not mend is told at once.
func TestALedgerThatNeverOpens(t *testing.T) {
	_, err := openFar(t.Context(), func(context.Context) (ledger.Ledger, error) { return nil, homing.ErrNewer }, slog.New(slog.DiscardHandler))
	if !errors.Is(err, homing.ErrNewer) {
		t.Errorf("got %v", err)
	}
}
