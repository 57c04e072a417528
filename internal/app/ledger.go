package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/postgres"
	"homing/internal/engine/ledger/sqlite"
)

// ledgerOptions are what a ledger is opened with beside the settings. All but
// LeadHashes may be left out.
type ledgerOptions struct {
	// Path is the file of an embedded ledger, Cache how many bytes of its pages are kept.
	Path   string
	Cache  int64
	Logger *slog.Logger
	// Fatal is told when an embedded ledger may acknowledge nothing more. One on a
	// server recovers by itself.
	Fatal      func(error)
	LeadHashes func(lead string) []string
	Committed  func(writes int, took time.Duration)
	Clock      homing.Clock
}

// openLedger is where the embedded ledger or one on a server is chosen. A server
// that is away is homing.ErrUnavailable, which another attempt may mend.
func openLedger(ctx context.Context, cfg *Config, o ledgerOptions) (ledger.Ledger, error) {
	if cfg.Ledger == "" {
		books, err := sqlite.Open(sqlite.Options{
			Path: o.Path, Logger: o.Logger, Fatal: o.Fatal, LeadHashes: o.LeadHashes, Committed: o.Committed, Clock: o.Clock,
			Cache: o.Cache,
		})
		if err != nil {
			return nil, fmt.Errorf("couldn't open the ledger: %w", err)
		}
		return books, nil
	}
	if err := checkLedgerURL(cfg.Ledger); err != nil {
		return nil, err
	}
	books, err := postgres.Open(ctx, postgres.Options{
		URL: cfg.Ledger, Logger: o.Logger, LeadHashes: o.LeadHashes, Committed: o.Committed, Clock: o.Clock,
	})
	if err != nil {
		return nil, fmt.Errorf("--ledger: %w", err)
	}
	return books, nil
}

// checkLedgerURL tells whether a ledger's address is one of a kind that we know,
// before anything is opened. The address is not in the error: it may hold a
// password.
func checkLedgerURL(url string) error {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return nil
	}
	return fmt.Errorf("%w: --ledger must begin with postgres:// (leave it out for the embedded ledger)", homing.ErrInvalid)
}
