package statement_test

import (
	"errors"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/statement"
)

var day = warehouse.Query{Until: 86_400_000, By: []warehouse.Dimension{warehouse.Campaign}, Measures: warehouse.SetOf(warehouse.Clicks)}

// TestCheck: an error names the field. What is wrong is asked of every
// warehouse by warehousetest.
func TestCheck(t *testing.T) {
	many := make([]warehouse.Key, statement.MaxKeys+1)
	for field, spoil := range map[string]func(*warehouse.Query){
		"from":     func(q *warehouse.Query) { q.From = q.Until + 1 },
		"by":       func(q *warehouse.Query) { q.By = append(q.By, warehouse.Campaign) },
		"measures": func(q *warehouse.Query) { q.Measures = 0 },
		"limit":    func(q *warehouse.Query) { q.Limit = -1 },
		"order":    func(q *warehouse.Query) { q.Order = []warehouse.Order{{Measure: warehouse.Value}} },
		"where":    func(q *warehouse.Query) { q.Where = []warehouse.Condition{{Keys: many}} },
		"except":   func(q *warehouse.Query) { q.Except = [][]warehouse.Key{{}} },
	} {
		q := day
		spoil(&q)
		_, err := statement.Ask(&q, statement.DuckDB, statement.Holdings{})
		if !errors.Is(err, homing.ErrInvalid) || !strings.Contains(err.Error(), field+": ") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := statement.Check(&day); err != nil {
		t.Error(err)
	}
}

// TestTextsAreArguments: nothing that somebody wrote gets into a statement.
func TestTextsAreArguments(t *testing.T) {
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
	st, err := statement.Ask(&q, statement.DuckDB, statement.Holdings{})
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

// TestTotals: which parts are answered from totals.
func TestTotals(t *testing.T) {
	country := warehouse.OfFacet(warehouse.FacetCountry)
	kathmandu := warehouse.Zone{{Offset: 20_700_000}}
	odd := warehouse.Zone{{Offset: 20_548_000}}
	for _, c := range []struct {
		what          string
		spoil         func(*warehouse.Query)
		totals, rows  string
		beyondHolding bool
	}{
		{"whole", func(*warehouse.Query) {}, "totals", "", false},
		{"country", func(q *warehouse.Query) { q.By = []warehouse.Dimension{country} }, "totals", "", false},
		{"hours of a quarter zone", func(q *warehouse.Query) { q.By, q.Zone = []warehouse.Dimension{warehouse.Hour}, kathmandu }, "totals", "", false},
		{"odd zone that nobody looks at", func(q *warehouse.Query) { q.Zone = odd }, "totals", "", false},
		{"odd zone", func(q *warehouse.Query) { q.By, q.Zone = []warehouse.Dimension{warehouse.Hour}, odd }, "", "clicks", true},
		{"sub1", func(q *warehouse.Query) { q.By = []warehouse.Dimension{warehouse.FirstFacet} }, "", "clicks", true},
		{"sub1 in a condition", func(q *warehouse.Query) { q.Where = []warehouse.Condition{{Dimension: warehouse.FirstFacet}} }, "", "clicks", true},
		{"unaligned beginning", func(q *warehouse.Query) { q.From++ }, "totals", "clicks", true},
		{"unaligned end", func(q *warehouse.Query) { q.Until-- }, "totals", "clicks", false},
		{"within a quarter", func(q *warehouse.Query) { q.From, q.Until = 1, 2 }, "", "clicks", true},
		{"a goal of clicks", func(q *warehouse.Query) { q.By = []warehouse.Dimension{warehouse.Goal} }, "totals", "", false},
		{"a goal of postbacks", func(q *warehouse.Query) {
			q.By, q.Measures = []warehouse.Dimension{warehouse.Goal}, warehouse.SetOf(warehouse.Postbacks)
		}, "", "postbacks", true},
		{"a reason", func(q *warehouse.Query) {
			q.By, q.Measures = []warehouse.Dimension{warehouse.Reason}, warehouse.SetOf(warehouse.Postbacks)
		}, "totals", "", false},
		{"conversions", func(q *warehouse.Query) { q.Measures = warehouse.SetOf(warehouse.Late) }, "", "conversions", true},
	} {
		q := day
		q.Until *= 3
		c.spoil(&q)
		st, err := statement.Ask(&q, statement.DuckDB, statement.Holdings{2, 2, 2})
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(st.SQL, "FROM totals"); has != (c.totals != "") {
			t.Errorf("%s: %s", c.what, st.SQL)
		}
		for _, table := range []string{"clicks", "postbacks", "conversions"} {
			if has := strings.Contains(st.SQL, "FROM "+table+" "); has != (c.rows == table) {
				t.Errorf("%s: %s", c.what, st.SQL)
			}
		}
		if (len(st.Gaps) > 0) != c.beyondHolding {
			t.Errorf("%s: gaps %v", c.what, st.Gaps)
		}
	}
}
