package postgres

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestLedger(t *testing.T) { ledgertest.Run(t, store) }

// store is a schema of its own.
func store(t testing.TB) func() ledger.Ledger {
	url := pgtest.Shared(t).Schema()
	return func() ledger.Ledger { return openURL(t, url) }
}

func openURL(t testing.TB, url string) *Ledger {
	t.Helper()
	return openWith(t, Options{URL: url})
}

// openWith opens a ledger, closed at the latest when the test ends.
func openWith(t testing.TB, o Options) *Ledger {
	t.Helper()
	if o.URL == "" {
		o.URL = pgtest.Shared(t).Schema()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.LeadHashes == nil {
		o.LeadHashes = ledgertest.HashLeads
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	l, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func claimOnce(t testing.TB, l *Ledger, n int) (ledger.Decision, error) {
	t.Helper()
	return l.Decide(context.Background(), ledgertest.Claim(ledgertest.Origin(n), ""))
}

func count(t testing.TB, l *Ledger) (n int) {
	t.Helper()
	for _, err := range l.Conversions(context.Background(), ledger.ConversionQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
