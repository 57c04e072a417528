package statement_test

import (
	"strings"
	"testing"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/statement"
)

// clickHouse is the dialect with conditions that can be found again.
var clickHouse = statement.ClickHouse{Visible: map[string]string{"clicks": "v = 1", "postbacks": "v = 2", "conversions": "v = 3"}}

// TestClickHouseTexts: nothing that somebody wrote gets into a statement, and
// each place has its argument, also where a condition stands twice.
func TestClickHouseTexts(t *testing.T) {
	const text = "'; DROP TABLE clicks; --"
	key := []warehouse.Key{{Text: text}}
	q := day
	q.By = []warehouse.Dimension{warehouse.FirstFacet, warehouse.Reason}
	q.Measures = 1<<warehouse.MeasureCount - 1
	q.Total = true
	q.Only = [][]warehouse.Key{{key[0], key[0]}}
	q.Except = q.Only
	for op := range warehouse.Contains + 1 {
		q.Where = append(q.Where, warehouse.Condition{Dimension: warehouse.Reason, Op: op, Keys: key})
	}
	st, err := statement.Ask(&q, clickHouse, statement.Holdings{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(st.SQL, "DROP") {
		t.Error(st.SQL)
	}
	if n := strings.Count(st.SQL, "?"); n != len(st.Args) || n == 0 {
		t.Errorf("%d question marks, %d arguments", n, len(st.Args))
	}
}

// TestClickHouseVisible: rows of every table, and of totals only what was given
// up, are looked at through what is visible.
func TestClickHouseVisible(t *testing.T) {
	q := day
	q.Until *= 5
	q.Total = true
	q.Measures = 1<<warehouse.MeasureCount - 1
	for _, given := range []statement.Holdings{{}, {2, 3, 4}} {
		st, err := statement.Ask(&q, clickHouse, given)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"FROM clicks FINAL WHERE", "v = 1", "FROM postbacks FINAL WHERE", "v = 2", "FROM conversions WHERE", "v = 3", "LIMIT 1 BY id"} {
			if strings.Count(st.SQL, want) != 2 { // groups and their total
				t.Errorf("%d times %q: %s", strings.Count(st.SQL, want), want, st.SQL)
			}
		}
		for _, totals := range []string{"FROM totals WHERE quarter >= 0 AND quarter < 432000000 AND kind = 0 AND piece < 4", "kind = 2 AND piece < 6"} {
			if has := strings.Contains(st.SQL, totals); has != (given[0] != 0) {
				t.Errorf("%q: %s", totals, st.SQL)
			}
		}
	}
	list, err := statement.List(warehouse.ConversionTable, &warehouse.List{Until: 5, Conversion: 7}, clickHouse, "id")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(list.SQL, `(SELECT * FROM conversions WHERE "at" >= 0 AND "at" < 5 AND id = 7 AND v = 3 ORDER BY`) {
		t.Error(list.SQL)
	}
}
