package report_test

import (
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
	"homing/internal/flow/report"
)

// TestRowsAndRestAreTheTotal asks made-up worlds random questions, and adds up.
func TestRowsAndRestAreTheTotal(t *testing.T) {
	s := open(t)
	world := warehousetest.NewWorld(rand.New(rand.NewPCG(3, 4)), 300)
	for _, b := range world.Batches {
		if err := s.model.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	adding := "clicks,unique_clicks,bot_clicks,conversions,approved,pending,rejected,late,postbacks,duplicates,refusals,value,cost,profit,time_median"
	rapid.Check(t, func(t *rapid.T) {
		v := url.Values{"metrics": {adding}, "from": {world.From.String()}, "to": {world.Until.String()}}
		v.Set("tz", rapid.SampledFrom(append(warehousetest.Zones, "UTC")).Draw(t, "tz"))
		v.Set("basis", rapid.SampledFrom([]string{"click", "conversion"}).Draw(t, "basis"))
		v.Set("compare", rapid.SampledFrom([]string{"", "previous", world.From.String(), (world.From + 86_400_000).String()}).Draw(t, "compare"))
		whole, err := s.Report(s.t.Context(), report.Scope{}, parsed(t, with(v, "by", "none")))
		if err != nil {
			t.Fatal(err)
		}
		var by []string
		for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, warehouse.DimensionCount-1), 1, 3, rapid.ID[int]).Draw(t, "by") {
			by = append(by, warehouse.Dimension(d).String())
		}
		v.Set("limit", strconv.Itoa(rapid.IntRange(1, 40).Draw(t, "limit")))
		q := parsed(t, with(v, "by", strings.Join(by, ",")))
		table, err := s.Report(s.t.Context(), report.Scope{}, q)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range table.Columns {
			if c.IsKey || c.Kind == report.Duration || c.Part == report.Change {
				continue
			}
			sum := int64(0)
			for _, row := range table.Rows {
				sum += row.Cells[i].Number
			}
			if table.Rest != nil {
				sum += table.Rest.Cells[i].Number
			}
			total := table.Total.Cells[i].Number
			// A bucket that the other range has not has no difference to add.
			if c.Part == report.Difference {
				continue
			}
			if want := whole.Total.Cells[whole.Column(c.Name)].Number; sum != total || total != want {
				t.Fatalf("%v: %s: rows and rest %d, total %d, without dimensions %d", by, c.Name, sum, total, want)
			}
		}
		if s.Fresh() != now {
			t.Fatal("fresh")
		}
	})
}

func with(v url.Values, name, value string) url.Values {
	v = url.Values(cloned(v))
	v.Set(name, value)
	if name == "by" && value == "none" {
		v.Del("limit")
	}
	return v
}

func cloned(v url.Values) map[string][]string {
	c := map[string][]string{}
	for name, values := range v {
		c[name] = append([]string(nil), values...)
	}
	return c
}

func parsed(t *rapid.T, v url.Values) *report.Question {
	q, err := report.Parse(v, report.Defaults{Now: now})
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	return q
}
