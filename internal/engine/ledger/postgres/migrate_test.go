package postgres

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger/postgres/pgtest"
)

var golden = flag.Bool("golden", false, "write the golden schema anew")

// describe writes a schema down: columns, constraints, indexes.
func describe(t *testing.T, l *Ledger) string {
	t.Helper()
	var text strings.Builder
	for _, sql := range []string{
		`SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
			|| coalesce(' default ' || column_default, '') FROM information_schema.columns WHERE table_schema = $1
			ORDER BY table_name, ordinal_position`,
		`SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ': ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = $1::text::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text, conname`,
		`SELECT 'index ' || replace(indexdef, schemaname || '.', '') FROM pg_indexes WHERE schemaname = $1 ORDER BY indexname`,
	} {
		lines, err := collect(t.Context(), l.pool, sql, pgx.RowTo[string], l.schema)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, strings.Join(lines, "\n"))
	}
	return text.String()
}

// The tables are what they were when this version was released. A change of this
// file means a new migration, and never a change of one that was released.
func TestGoldenSchema(t *testing.T) {
	const path = "testdata/schema.txt"
	got := describe(t, openWith(t, Options{}))
	if *golden {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%v; the schema is\n%s", err, got)
	}
}

// A schema of a newer version, or of somebody else, is refused and left as it is.
func TestRefusedSchemas(t *testing.T) {
	c := pgtest.Shared(t)
	for name, s := range map[string]struct {
		make string
		kind error
	}{
		"newer":     {"CREATE TABLE %[1]s.format (one BIGINT PRIMARY KEY, version BIGINT NOT NULL); INSERT INTO %[1]s.format VALUES (1, 999)", homing.ErrNewer},
		"another's": {"CREATE TABLE %[1]s.orders (id BIGINT)", homing.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			url := c.Schema()
			_, schema, _ := strings.Cut(url, "search_path=")
			c.Exec(t, fmt.Sprintf("CREATE SCHEMA %[1]s; "+s.make, schema))
			tables := fmt.Sprintf("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = '%s'", schema)
			before := c.Value(t, "postgres", tables)
			_, err := Open(t.Context(), Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
			wantKind(t, err, s.kind)
			if after := c.Value(t, "postgres", tables); after != before {
				t.Errorf("tables were %q and are %q", before, after)
			}
		})
	}
}

// Nodes that start at once make one ledger.
func TestOpenedAtOnce(t *testing.T) {
	url := pgtest.Shared(t).Schema()
	var nodes sync.WaitGroup
	for range 6 {
		nodes.Go(func() {
			l, err := Open(t.Context(), Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Error(err)
				return
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	l := openURL(t, url)
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// A role that may not make schemas works in one that was made for it.
func TestSchemaMadeByAnother(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	c.Exec(t, "CREATE USER "+pgtest.Careful+" PASSWORD '"+pgtest.Password+"'; CREATE SCHEMA theirs AUTHORIZATION "+pgtest.Careful)
	url := strings.Replace(c.URLWith("postgres", "search_path=theirs"), pgtest.User+":", pgtest.Careful+":", 1)
	l := openURL(t, url)
	if d, err := claimOnce(t, l, 1); err != nil || !d.First {
		t.Errorf("%+v, %v", d, err)
	}
	warnings, err := l.warnings(t.Context())
	if err != nil || !strings.Contains(strings.Join(warnings, "\n"), "fsync is off") {
		t.Errorf("%q, %v", warnings, err)
	}
}
