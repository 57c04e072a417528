package statement_test

import (
	"fmt"
	"testing"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/statement"
)

// Lost days are gaps where rows of them are counted, and where totals are, too,
// unless those have them.
func TestLostDays(t *testing.T) {
	const day = warehouse.Day(20_000)
	rows := statement.Lost{Table: warehouse.ClickTable, From: day, Before: day + 1, Totals: true}
	all := statement.Lost{Table: warehouse.PostbackTable, From: warehouse.Ever, Before: day}
	clicks := warehouse.Gap{Table: warehouse.ClickTable, Lost: true, From: day, Before: day + 1}
	calls := warehouse.Gap{Table: warehouse.PostbackTable, Lost: true, From: warehouse.Ever, Before: day}
	bySub1 := []warehouse.Dimension{warehouse.FirstFacet}
	for _, c := range []struct {
		what        string
		from, until warehouse.Day
		by          []warehouse.Dimension
		basis       warehouse.Basis
		want        []warehouse.Gap
	}{
		{"totals of the day", day, day + 1, nil, warehouse.ByConversion, nil},
		{"rows of the day", day, day + 1, bySub1, warehouse.ByConversion, []warehouse.Gap{clicks}},
		{"rows before it", day - 1, day, bySub1, warehouse.ByConversion, []warehouse.Gap{calls}},
		{"totals before it", day - 1, day, nil, warehouse.ByConversion, []warehouse.Gap{calls}},
		{"rows after it", day + 1, day + 9, bySub1, warehouse.ByConversion, nil},
		{"calls by clicks", day - 9, day + 9, bySub1, warehouse.ByClick, []warehouse.Gap{clicks, calls}},
	} {
		q := &warehouse.Query{From: c.from.Start(), Until: c.until.Start(), By: c.by, Basis: c.basis,
			Measures: warehouse.SetOf(warehouse.Clicks, warehouse.Postbacks)}
		st, err := statement.Ask(q, statement.DuckDB, statement.Holdings{}, rows, all)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(st.Gaps) != fmt.Sprint(c.want) {
			t.Errorf("%s: gaps %v, want %v", c.what, st.Gaps, c.want)
		}
	}
}
