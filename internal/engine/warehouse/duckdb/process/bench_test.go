package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"homing/internal/engine/warehouse/duckdb/process"
)

var facets = []string{
	"creative", "site", "adspot", "source",
	"sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8", "sub9", "sub10",
	"referrer", "country", "region", "city", "carrier", "isp", "device", "os", "browser", "language",
}

// clickTable is the warehouse's, near enough.
func clickTable() process.Step {
	return process.Step{SQL: `CREATE TABLE clicks ("at" BIGINT, node SMALLINT, seq SMALLINT, campaign UINTEGER, account UINTEGER,
		class UTINYINT, uniq UTINYINT, cost BIGINT, addr VARCHAR, ` + strings.Join(facets, " VARCHAR, ") + ` VARCHAR, more BLOB)`}
}

// someClicks are rows as a busy installation has them: most facets empty or of
// few values, one click id of an ad server a row.
func someClicks(n int) []process.Column {
	rng := rand.New(rand.NewPCG(1, 2))
	ints := func(f func(i int) int64) []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	texts := func(f func() string) *process.Texts {
		t := new(process.Texts)
		for range n {
			t.Add(f())
		}
		return t
	}
	columns := []process.Column{
		{Name: "at", Ints: ints(func(i int) int64 { return 1_790_000_000_000 + int64(i)*5 })},
		{Name: "node", Ints: ints(func(int) int64 { return 1 })},
		{Name: "seq", Ints: ints(func(i int) int64 { return int64(i % 5) })},
		{Name: "campaign", Ints: ints(func(int) int64 { return 1 + rng.Int64N(200) })},
		{Name: "account", Ints: ints(func(int) int64 { return 1 + rng.Int64N(20) })},
		{Name: "class", Ints: ints(func(int) int64 { return rng.Int64N(3) })},
		{Name: "uniq", Ints: ints(func(int) int64 { return rng.Int64N(2) })},
		{Name: "cost", Ints: ints(func(int) int64 { return rng.Int64N(90_000) })},
		{Name: "addr", Texts: texts(func() string { return fmt.Sprintf("%d.%d.%d.0", rng.IntN(256), rng.IntN(256), rng.IntN(256)) })},
	}
	few := func(of int, word string) func() string {
		return func() string { return fmt.Sprintf("%s%d", word, rng.IntN(of)) }
	}
	fill := map[string]func() string{
		"creative": few(300, "banner-300x250-"), "site": few(2000, "site"), "source": few(12, "net"),
		"sub1": func() string { return fmt.Sprintf("%016x%08x", rng.Uint64(), rng.Uint32()) }, "sub2": few(50, "lp"),
		"referrer": few(3000, "www.publisher.example/"), "country": few(40, "C"), "region": few(300, "R"), "city": few(3000, "city-"),
		"isp": few(800, "Some Telecom AG "), "device": few(3, "desk"), "os": few(6, "OS"), "browser": few(9, "Chrome"), "language": few(20, "l"),
	}
	for _, name := range facets {
		f := fill[name]
		if f == nil {
			f = func() string { return "" }
		}
		columns = append(columns, process.Column{Name: name, Texts: texts(f)})
	}
	return append(columns, process.Column{Name: "more", Texts: texts(func() string { return "" })})
}

// BenchmarkWrite appends and commits clicks, so many a Write.
func BenchmarkWrite(b *testing.B) {
	for _, rows := range []int{1_000, 10_000, 122_880} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			p := begin(b, nil)
			write(b, p, clickTable())
			columns := someClicks(rows)
			write(b, p, process.Step{Into: "clicks", Columns: columns})
			for b.Loop() {
				if _, err := p.Write(context.Background(), process.Step{Into: "clicks", Columns: columns}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(p.Status().Bytes)/float64(rows*(b.N+1)), "bytes/row")
		})
	}
}

// BenchmarkRead reads rows of two columns to their end.
func BenchmarkRead(b *testing.B) {
	p := begin(b, nil)
	n := int64(0)
	for b.Loop() {
		rows, err := p.Query(context.Background(), "SELECT i, 'text ' || i FROM range(1000000) r(i)")
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			n += rows.Int(0) + int64(len(rows.Bytes(1)))
		}
		rows.Close()
	}
	b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkTurn asks a question that costs nothing.
func BenchmarkTurn(b *testing.B) {
	p := begin(b, nil)
	for b.Loop() {
		number(b, p, "SELECT 1")
	}
}
