//go:build cgo

package statement_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/statement"
	"homing/internal/engine/warehouse/warehousetest"
)

// store is a DuckDB in memory with the tables of the package comment, filled
// with the rows that a model holds. It answers questions by statements alone;
// rows of lists it looks up in the model by their place.
type store struct {
	*warehousetest.Model
	db       *sql.DB
	holdings statement.Holdings
	byPlace  [3]map[warehouse.Cursor]any
}

func facetColumns(each string) (list string) {
	for f := range warehouse.FacetCount {
		list += fmt.Sprintf(", \"%v\"%s", warehouse.Facet(f), each)
	}
	return list
}

var schema = []string{
	`CREATE TABLE clicks("at" BIGINT, node SMALLINT, seq SMALLINT, campaign UINTEGER, account UINTEGER, class UTINYINT, uniq UTINYINT, cost BIGINT` + facetColumns(" VARCHAR") + `)`,
	`CREATE TABLE postbacks("at" BIGINT, number BIGINT, node SMALLINT, seq SMALLINT, base_at BIGINT, campaign UINTEGER, account UINTEGER, goal UINTEGER, outcome UTINYINT, reason VARCHAR, "count" BIGINT, conversion BIGINT, request VARCHAR` + facetColumns(" VARCHAR") + `)`,
	`CREATE TABLE conversions(id BIGINT, "at" BIGINT, click_at BIGINT, node SMALLINT, seq SMALLINT, campaign UINTEGER, account UINTEGER, goal UINTEGER, status UTINYINT, value BIGINT, price BIGINT, flags UINTEGER, request VARCHAR` + facetColumns(" VARCHAR") + `)`,
	`CREATE TABLE totals(kind UTINYINT, quarter BIGINT, campaign UINTEGER, account UINTEGER, country VARCHAR, device VARCHAR, reason VARCHAR, clicks BIGINT, uniques BIGINT, bots BIGINT, cost BIGINT, postbacks BIGINT, duplicates BIGINT, refusals BIGINT)`,
}

func open(t testing.TB) *sql.DB {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // a database in memory is its connection's
	t.Cleanup(func() { _ = db.Close() })
	for _, s := range schema {
		exec(t, db, s)
	}
	return db
}

func exec(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// insert writes rows in one statement after the other, many at a time.
func insert(t testing.TB, db *sql.DB, table string, rows [][]any) {
	t.Helper()
	for len(rows) > 0 {
		now := rows[:min(100, len(rows))]
		rows = rows[len(now):]
		one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(now[0])), ", ") + ")"
		var args []any
		for _, row := range now {
			args = append(args, row...)
		}
		exec(t, db, "INSERT INTO "+table+" VALUES "+strings.TrimSuffix(strings.Repeat(one+", ", len(now)), ", "), args...)
	}
}

var always = warehouse.List{From: -1 << 60, Until: 1 << 60}

// copyOf copies what a model holds, and then gives up the days before some.
func copyOf(t testing.TB, m *warehousetest.Model, given statement.Holdings) *store {
	t.Helper()
	s := &store{Model: m, db: open(t), holdings: given, byPlace: [3]map[warehouse.Cursor]any{{}, {}, {}}}
	var clicks, postbacks, conversions [][]any
	var sums totals = map[totalKey]*[7]int64{}
	for c := range must(t, m.Clicks(t.Context(), &always)) {
		row := []any{int64(c.Time), int64(c.Node), int64(c.Seq), int64(c.Campaign), int64(c.Account), int64(c.Class), bit(c.Unique), int64(c.Cost)}
		clicks = append(clicks, withFacets(row, c.Facets))
		sums.click(&c)
		s.byPlace[warehouse.ClickTable][c.Place()] = c
	}
	for p := range must(t, m.Postbacks(t.Context(), &always)) {
		node, seq, base := int64(-1), int64(0), p.At
		if p.Postback.Click != (homing.ClickID{}) {
			node, seq, base = int64(p.Origin.Node), int64(p.Origin.Seq), p.Origin.Time
		}
		row := []any{int64(p.At), p.Number, node, seq, int64(base), int64(p.Campaign), int64(p.Account), int64(p.Goal),
			int64(p.Verdict.Outcome), p.Verdict.Reason.String(), p.Count, int64(p.Conversion), p.Request.String()}
		postbacks = append(postbacks, withFacets(row, p.Facets))
		sums.postback(&p, base)
		s.byPlace[warehouse.PostbackTable][p.Place()] = p
	}
	for c := range must(t, m.Conversions(t.Context(), &always)) {
		row := []any{int64(c.ID), int64(c.At), int64(c.Click.Time), int64(c.Click.Node), int64(c.Click.Seq), int64(c.Campaign),
			int64(c.Account), int64(c.Goal), int64(c.Status), int64(c.Value.Money), int64(c.Price), int64(c.Flags), c.Request.String()}
		conversions = append(conversions, withFacets(row, c.Facets))
		s.byPlace[warehouse.ConversionTable][c.Place()] = c
	}
	insert(t, s.db, "clicks", clicks)
	insert(t, s.db, "postbacks", postbacks)
	insert(t, s.db, "conversions", conversions)
	insert(t, s.db, "totals", sums.rows())
	for table, day := range given {
		exec(t, s.db, fmt.Sprintf(`DELETE FROM %v WHERE "at" < %d`, warehouse.Table(table), day.Start()))
		if err := m.Drop(t.Context(), warehouse.Table(table), day); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func must[R any](t testing.TB, rows iter.Seq2[R, error]) iter.Seq[R] {
	return func(yield func(R) bool) {
		for row, err := range rows {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(row) {
				return
			}
		}
	}
}

func withFacets(row []any, facets warehouse.Facets) []any {
	for _, f := range facets {
		row = append(row, f)
	}
	return row
}

// result reads rows of database/sql as statement.Rows.
type result struct {
	rows  *sql.Rows
	cells []any
	err   error
}

func (s *store) query(ctx context.Context, st *statement.Statement) (*result, error) {
	rows, err := s.db.QueryContext(ctx, st.SQL, st.Args...)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", st.SQL, st.Args, err)
	}
	columns, err := rows.Columns()
	return &result{rows: rows, cells: make([]any, len(columns))}, err
}

func (r *result) Next() bool {
	if !r.rows.Next() {
		return false
	}
	to := make([]any, len(r.cells))
	for i := range to {
		to[i] = &r.cells[i]
	}
	r.err = r.rows.Scan(to...)
	return r.err == nil
}

func (r *result) Int(column int) int64 {
	switch n := r.cells[column].(type) {
	case int64:
		return n
	case int32:
		return int64(n)
	default:
		panic(fmt.Sprintf("column %d is a %T", column, n))
	}
}

func (r *result) Text(column int) string { return r.cells[column].(string) }

func (r *result) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.rows.Err()
}

func (s *store) Ask(ctx context.Context, q *warehouse.Query) (*warehouse.Answer, error) {
	st, err := statement.Ask(q, statement.DuckDB, s.holdings)
	if err != nil {
		return nil, err
	}
	r, err := s.query(ctx, st)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.rows.Close() }()
	return st.Answer(r)
}

func (s *store) Stream(ctx context.Context, q *warehouse.Query) iter.Seq2[warehouse.Row, error] {
	return func(yield func(warehouse.Row, error) bool) {
		st, err := statement.Stream(q, statement.DuckDB, s.holdings)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		r, err := s.query(ctx, st)
		if err != nil {
			yield(warehouse.Row{}, err)
			return
		}
		defer func() { _ = r.rows.Close() }()
		for r.Next() {
			if !yield(st.Row(r), nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(warehouse.Row{}, err)
		}
	}
}

// list finds the rows of a list by their places.
func list[R any](ctx context.Context, s *store, table warehouse.Table, l *warehouse.List) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		number := map[warehouse.Table]string{warehouse.PostbackTable: "number", warehouse.ConversionTable: "id"}
		columns := []string{"at", number[table]}
		if table == warehouse.ClickTable {
			columns = []string{"at", "node", "seq"}
		}
		st, err := statement.List(table, l, statement.DuckDB, columns...)
		if err != nil {
			yield(none, err)
			return
		}
		r, err := s.query(ctx, st)
		if err != nil {
			yield(none, err)
			return
		}
		defer func() { _ = r.rows.Close() }()
		for r.Next() {
			place := warehouse.Cursor{At: homing.Millis(r.cells[0].(int64))}
			if table == warehouse.ClickTable {
				place.Number = int64(r.cells[1].(int16))<<16 | int64(r.cells[2].(int16))
			} else {
				place.Number = r.cells[1].(int64)
			}
			if !yield(s.byPlace[table][place].(R), nil) {
				return
			}
		}
	}
}

func (s *store) Clicks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Click, error] {
	return list[warehouse.Click](ctx, s, warehouse.ClickTable, l)
}

func (s *store) Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return list[warehouse.Postback](ctx, s, warehouse.PostbackTable, l)
}

func (s *store) Conversions(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	return list[warehouse.Conversion](ctx, s, warehouse.ConversionTable, l)
}

// TestDuckDB asks random questions of statements and of the model: of worlds
// that are whole, and of such as have given up days.
func TestDuckDB(t *testing.T) {
	rng := warehousetest.Random(t)
	questions := warehousetest.Questions(t, 1000)
	const each = 125
	for i := 0; i < questions; i += each {
		w := warehousetest.NewWorld(rng, 100+rng.IntN(700))
		m := warehousetest.NewModel()
		for _, b := range w.Batches {
			if err := m.Load(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		s := copyOf(t, m, given(rng, w, i))
		warehousetest.Differential(t, w, rng, s, m, each)
	}
}

// given is what the i-th world has given up.
func given(rng *rand.Rand, w *warehousetest.World, i int) (h statement.Holdings) {
	if i%2 == 0 {
		return h
	}
	days := int64(warehouse.DayAt(w.Until) - warehouse.DayAt(w.From) + 1)
	for table := range h {
		if rng.IntN(3) > 0 {
			h[table] = warehouse.DayAt(w.From) + warehouse.Day(rng.Int64N(days))
		}
	}
	return h
}

// TestQuantile: DuckDB's quantile_disc is the nearest rank, exactly, also where
// a tenth of the count is whole.
func TestQuantile(t *testing.T) {
	db := open(t)
	for n := 1; n <= 200; n++ {
		for _, tenths := range []int{5, 9} {
			var got int
			query := fmt.Sprintf("SELECT %s FROM range(1, %d) AS numbers(n)", statement.DuckDB.Quantile("n", tenths), n+1)
			if err := db.QueryRow(query).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if want := (n*tenths + 9) / 10; got != want {
				t.Errorf("%d tenths of %d: %d, want %d", tenths, n, got, want)
			}
		}
	}
}
