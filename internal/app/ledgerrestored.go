package app

import (
	"context"
	"errors"
	"log/slog"

	"homing"
	"homing/internal/engine/ledger"
)

// LedgerRestored readies a shared ledger that was restored from its server's backup,
// before any node is started.
func LedgerRestored(ctx context.Context, url, detail string, clock homing.Clock) (err error) {
	cfg := Config{Ledger: url}
	if err := openURLs(&cfg); err != nil {
		return err
	}
	if err := checkLedgerURL(cfg.Ledger); err != nil {
		return err
	}
	books, err := openLedger(ctx, &cfg, ledgerOptions{Logger: slog.New(slog.DiscardHandler), Clock: clock})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, books.Close()) }()
	return books.Restored(ctx, ledger.Actor{Name: "command line", At: homing.MillisOf(clock())}, detail)
}
