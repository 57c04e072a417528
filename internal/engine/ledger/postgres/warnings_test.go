package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"homing/internal/engine/ledger/postgres/pgtest"
)

// What the server may lose is told, and synchronous_commit = off is overruled in
// every session of ours.
func TestWarnings(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{Durable: true, Settings: []string{"full_page_writes = off", "synchronous_commit = off"}})
	l := openURL(t, c.URL("postgres"))
	told := func() string {
		t.Helper()
		warnings, err := l.warnings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(warnings, "\n")
	}
	words := told()
	for _, want := range []string{"full_page_writes is off", "synchronous_commit is off", "synchronous_standby_names is empty"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not told: %s", want, words)
		}
	}
	if strings.Contains(words, "fsync is off") || strings.Contains(words, "data_checksums") {
		t.Errorf("too much is told: %s", words)
	}
	for name, settings := range map[string][]setting{"pool": sessionSettings(l.patience), "writer": l.writing} {
		conn, err := l.connect(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		var value string
		if err := conn.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&value); err != nil || value != "on" {
			t.Errorf("%s: synchronous_commit is %s, %v", name, value, err)
		}
		_ = conn.Close(context.Background())
	}
	if all := l.Warnings(t.Context()); strings.Join(all, "\n") != words {
		t.Errorf("to others it tells %q", all)
	}
	c.Exec(t, "ALTER DATABASE postgres SET synchronous_commit = local")
	l = openURL(t, c.URL("postgres"))
	if words := told(); !strings.Contains(words, "synchronous_commit is local") {
		t.Errorf("local is not told: %s", words)
	}
	var value string
	if err := l.pool.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&value); err != nil || value != "local" {
		t.Errorf("whoever chose local got %s, %v", value, err)
	}
}

// The plan of decideSQL, made while the tables are empty and kept, walks through
// no table.
func TestPlanUsesIndexes(t *testing.T) {
	l := openWith(t, Options{})
	conn, err := l.connect(t.Context(), l.writing)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	plans := func(prepare, execute string) string {
		t.Helper()
		if _, err := conn.Exec(t.Context(), "PREPARE plan AS "+prepare, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		lines, err := collect(t.Context(), conn, "EXPLAIN EXECUTE plan"+execute, pgx.RowTo[string], pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	plan := plans(decideSQL, "("+strings.Repeat("NULL, ", len(decideOIDs)-1)+"NULL)")
	for _, bad := range []string{"Seq Scan", "Hash", "Merge Join", "Bitmap", "JIT"} {
		if strings.Contains(plan, bad) {
			t.Errorf("the plan has a %s:\n%s", bad, plan)
		}
	}
	for _, good := range []string{"conversion_identity", "accounts_pkey", "erased_click_key", "conversions_pkey", "changes_pkey"} {
		if !strings.Contains(plan, good) {
			t.Errorf("the plan does not use %s:\n%s", good, plan)
		}
	}
}

// The list of one account walks along that account's index, and a click's along
// the click's, whatever the server believes of the tables.
func TestListsUseTheirIndexes(t *testing.T) {
	l := openWith(t, Options{})
	for _, c := range []struct {
		columns, index string
		ready          func(*walk)
	}{
		{conversionColumns, "conversion_account", func(w *walk) { w.along(1) }},
		{"SELECT c.id, c.flags, r.record FROM conversions c JOIN receipts r ON r.conversion = c.id", "conversion_account", func(w *walk) { w.along(1) }},
		{conversionColumns, "conversions_pkey", func(*walk) {}},
	} {
		for _, newest := range []bool{false, true} {
			w := newWalk(c.columns, 0, newest, 10)
			c.ready(w)
			w.args[0], w.args[1], w.args[2] = int64(0), int64(1000), 10
			conn, err := l.connect(t.Context(), []setting{{"enable_seqscan", "off"}, {"enable_bitmapscan", "off"}, {"enable_sort", "off"}})
			if err != nil {
				t.Fatal(err)
			}
			lines, err := collect(t.Context(), conn, "EXPLAIN "+w.sql(), pgx.RowTo[string], w.args...)
			if err != nil {
				t.Fatal(err)
			}
			plan := strings.Join(lines, "\n")
			if !strings.Contains(plan, c.index) || strings.Contains(plan, "Sort") {
				t.Errorf("%s: the plan is\n%s", w.sql(), plan)
			}
			_ = conn.Close(context.Background())
		}
	}
}
