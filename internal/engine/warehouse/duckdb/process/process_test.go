package process_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/duckdb/process/child"
)

// TestMain makes this test program the child, when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == process.Argument {
		os.Exit(child.Main())
	}
	os.Exit(m.Run())
}

// begin starts a process in a fresh directory and waits until it answers.
func begin(t testing.TB, change func(*process.Options)) *process.Process {
	t.Helper()
	dir := t.TempDir()
	o := process.Options{
		Path: filepath.Join(dir, "warehouse.duckdb"), Scratch: filepath.Join(dir, "scratch"),
		Memory: 512 << 20, Threads: 2, Clock: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if change != nil {
		change(&o)
	}
	p := process.Start(o)
	t.Cleanup(func() { _ = p.Close() })
	if err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	return p
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func write(t testing.TB, p *process.Process, steps ...process.Step) []int64 {
	t.Helper()
	changed, err := p.Write(soon(t), steps...)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// number asks for one number.
func number(t testing.TB, p *process.Process, sql string, args ...any) int64 {
	t.Helper()
	n, err := ask(soon(t), p, sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ask(ctx context.Context, p *process.Process, sql string, args ...any) (int64, error) {
	rows, err := p.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := int64(0)
	for rows.Next() {
		n = rows.Int(0)
	}
	return n, rows.Err()
}

func wants(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func texts(all ...string) *process.Texts {
	t := new(process.Texts)
	for _, s := range all {
		t.Add(s)
	}
	return t
}

func TestEveryKindOfValueComesBackAsItWas(t *testing.T) {
	p := begin(t, nil)
	words := []string{
		"", "a", "exactly12byt", "exactly13byte", strings.Repeat("x", 255), strings.Repeat("y", 70_000),
		"Zürich → 東京", "a\x00b", "with a \x00 beyond twelve", "😀😀😀", "", "ü",
	}
	blobs := append([]string{"\xff\xfe", "\x00\x00", strings.Repeat("\x80", 13)}, words[3:]...)
	n := int64(len(words))
	whole := map[string][]int64{
		"BIGINT":    {math.MinInt64, math.MaxInt64, 0, -1},
		"INTEGER":   {math.MinInt32, math.MaxInt32, 7},
		"SMALLINT":  {math.MinInt16, math.MaxInt16},
		"TINYINT":   {math.MinInt8, math.MaxInt8},
		"UTINYINT":  {0, math.MaxUint8},
		"USMALLINT": {0, math.MaxUint16},
		"UINTEGER":  {0, math.MaxUint32},
		"UBIGINT":   {0, math.MaxInt64},
		"HUGEINT":   {math.MinInt64, math.MaxInt64, -5},
		"BOOLEAN":   {0, 1},
	}
	create, columns := "CREATE TABLE t (word VARCHAR, blob BLOB", []process.Column{
		{Name: "word", Texts: texts(words...)}, {Name: "blob", Texts: texts(blobs...)},
	}
	names := []string{}
	for name, values := range whole {
		create += ", c" + name + " " + name
		ints := make([]int64, n)
		for i := range ints {
			ints[i] = values[i%len(values)]
		}
		columns, names = append(columns, process.Column{Name: "c" + name, Ints: ints}), append(names, "c"+name)
	}
	create += ", nothing INTEGER, row INTEGER DEFAULT 3)"
	changed := write(t, p, process.Step{SQL: create}, process.Step{Into: "t", Columns: columns})
	if changed[1] != n {
		t.Fatalf("%d rows were appended", changed[1])
	}
	rows, err := p.Query(soon(t), "SELECT word, blob, nothing, row, "+strings.Join(names, ", ")+" FROM t ORDER BY rowid")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	at := 0
	for ; rows.Next(); at++ {
		if rows.Text(0) != words[at] || rows.Text(1) != blobs[at] {
			t.Errorf("row %d is %q, %q", at, rows.Text(0), rows.Text(1))
		}
		if !rows.IsNull(2) || rows.Int(2) != 0 || rows.Int(3) != 3 || rows.IsNull(3) {
			t.Errorf("row %d has a default %d, NULL %v", at, rows.Int(3), rows.IsNull(2))
		}
		for i := range names {
			if want := columns[2+i].Ints[at]; rows.Int(4+i) != want {
				t.Errorf("row %d: %s is %d, want %d", at, names[i], rows.Int(4+i), want)
			}
		}
	}
	if rows.Err() != nil || at != len(words) {
		t.Fatal(at, rows.Err())
	}
}
