package sqlite

import (
	"testing"

	"zombiezen.com/go/sqlite"
)

// TestSteady: what is bound is what was asked for last, whatever it was before.
func TestSteady(t *testing.T) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite|sqlite.OpenMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(exec(conn, "CREATE TABLE t (a UNIQUE, b)"))
	s := &steady{Stmt: conn.Prep("INSERT INTO t VALUES (?1, ?2)")}
	for i, bind := range []func(){
		func() { s.BindInt64(2, 7) },
		func() { s.BindInt64(2, 7) },
		func() { s.BindText(2, "7") },
		func() { s.BindText(2, "7") },
		func() { s.BindText(2, "") },
		func() { s.BindNull(2) },
		func() { s.BindInt64(2, 0) },
	} {
		s.BindInt64(1, int64(i))
		bind()
		must(s.step())
		s.BindInt64(1, int64(i)) // once more: refused, and forgotten
		if i%2 == 0 && s.step() == nil {
			t.Error("no conflict")
		}
	}
	want := []string{"7 integer", "7 integer", "7 text", "7 text", " text", "NULL null", "0 integer"}
	must(query(conn, "SELECT a, coalesce(b, 'NULL') || ' ' || typeof(b) FROM t", func(row *sqlite.Stmt) error {
		if got := row.ColumnText(1); got != want[row.ColumnInt(0)] {
			t.Errorf("row %d is %q, want %q", row.ColumnInt(0), got, want[row.ColumnInt(0)])
		}
		return nil
	}))
}
