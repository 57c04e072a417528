package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
	"homing/internal/engine/ledger/postgres/pgtest"
)

// dumped is a ledger whose copies are made by pg_dump, which is what Copy tells
// people to do.
type dumped struct {
	*Ledger
	t       testing.TB
	cluster *pgtest.Cluster
	name    string // of its database
}

func (d dumped) Copy(ctx context.Context, path string) (c ledger.Copied, err error) {
	if ctx.Err() != nil {
		return c, fmt.Errorf("%w: %w", homing.ErrUnavailable, ctx.Err())
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return c, homing.ErrConflict
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return c, err
	}
	defer file.Close()
	out := d.cluster.Run(d.t, "pg_dump", d.name, "--format=custom", "--compress=0", "--schema="+d.schema)
	if _, err := file.Write(out); err != nil {
		return c, err
	}
	same := restoredFrom(d.t, d.cluster, path)
	defer same.Close()
	for _, q := range []struct {
		into *int64
		sql  string
	}{
		{&c.Change, "SELECT coalesce(max(number), 0) FROM changes"},
		{&c.Conversions, "SELECT count(*) FROM conversions"},
		{&c.Erasure, "SELECT coalesce(max(number), 0) FROM erased"},
	} {
		if err := same.pool.QueryRow(ctx, q.sql).Scan(q.into); err != nil {
			return c, err
		}
	}
	return c, nil
}

func restoredFrom(t testing.TB, c *pgtest.Cluster, path string) dumped {
	name := c.Database(t)
	c.Run(t, "pg_restore", name, "--single-transaction", path)
	return dumped{openURL(t, c.URL(name)), t, c, name}
}

// A dump of a ledger in use is of one moment, and with Restored it goes on as any
// restored ledger does.
func TestCopies(t *testing.T) {
	if testing.Short() {
		t.Skip("dumps and restores for some seconds")
	}
	c := pgtest.Shared(t)
	ledgertest.RunCopies(t, func(t testing.TB) func() ledger.Ledger {
		name := c.Database(t)
		return func() ledger.Ledger { return dumped{openURL(t, c.URL(name)), t, c, name} }
	}, func(t testing.TB, path string) ledger.Ledger { return restoredFrom(t, c, path) })
}

// The ledger itself makes none, and says who does.
func TestCopyIsRefused(t *testing.T) {
	path := t.TempDir() + "/copy"
	_, err := openWith(t, Options{}).Copy(t.Context(), path)
	wantKind(t, err, homing.ErrInvalid)
	if !strings.Contains(err.Error(), "pg_dump") || !strings.Contains(err.Error(), "pgBackRest") {
		t.Errorf("%v does not say what to do", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}
