package statement_test

import (
	"fmt"
	"os"
	"testing"
	"homing/internal/engine/warehouse/statement"
	"time"

	"homing"
	. "homing/internal/engine/warehouse"
)

func TestPrint(t *testing.T) {
	out, _ := os.Create("/tmp/s/q.sql")
	defer out.Close()
	from := homing.Millis(1769904000000)
	until := from + 30*86400000
	berlin, _ := time.LoadLocation("Europe/Berlin")
	shifted := ZoneOf(berlin, from, until)
	casa, _ := time.LoadLocation("Africa/Casablanca")
	sub1 := OfFacet(FacetSub1)
	def := SetOf(Clicks, UniqueClicks, Conversions, Value, Cost)
	put := func(what string, q *Query) {
		q.From, q.Until = from, until
		st, err := statement.Ask(q, statement.DuckDB, statement.Holdings{})
		if err != nil {
			t.Fatal(err)
		}
		for _, pre := range []string{"--rep " + what + "\n", "EXPLAIN ANALYZE "} {
			if pre[0] == 'E' && os.Getenv("EXPLAIN") == "" {
				continue
			}
			for _, a := range st.Args {
				fmt.Fprintf(out, "-- arg: %s\n", a)
			}
			fmt.Fprintf(out, "%s%s;;\n", pre, st.SQL)
		}
	}
	fmt.Fprintln(out, "SET threads=2;;")
	put("top100 sub1 of campaign 1", &Query{By: []Dimension{sub1}, Measures: def, Where: []Condition{{Campaign, In, []Key{{Number: 1}}}}, Order: []Order{{Measure: Clicks, Desc: true}}, Limit: 100, Total: true})
	put("top100 sub1 of campaign 100", &Query{By: []Dimension{sub1}, Measures: def, Where: []Condition{{Campaign, In, []Key{{Number: 100}}}}, Order: []Order{{Measure: Clicks, Desc: true}}, Limit: 100, Total: true})
	put("day x campaign Berlin", &Query{By: []Dimension{DayOf, Campaign}, Zone: shifted, Measures: def, Total: true})
	put("day x campaign Casablanca", &Query{By: []Dimension{DayOf, Campaign}, Zone: ZoneOf(casa, from, until), Measures: def, Total: true})
	put("day x campaign raw (browser known)", &Query{By: []Dimension{DayOf, Campaign}, Zone: shifted, Measures: def, Total: true, Where: []Condition{{OfFacet(FacetBrowser), NotIn, []Key{{Text: "x"}}}}})
	put("4 dims campaign 5", &Query{By: []Dimension{OfFacet(FacetCountry), OfFacet(FacetDevice), OfFacet(FacetSite), sub1}, Measures: def, Where: []Condition{{Campaign, In, []Key{{Number: 5}}}}, Order: []Order{{Measure: Clicks, Desc: true}}, Limit: 100, Total: true})
	put("4 dims campaign 1", &Query{By: []Dimension{OfFacet(FacetCountry), OfFacet(FacetDevice), OfFacet(FacetSite), sub1}, Measures: def, Where: []Condition{{Campaign, In, []Key{{Number: 1}}}}, Order: []Order{{Measure: Clicks, Desc: true}}, Limit: 100, Total: true})
	put("contains sub1", &Query{By: []Dimension{DayOf}, Measures: def, Where: []Condition{{sub1, Contains, []Key{{Text: "Ub12"}}}}, Total: true})
	put("in text sub1", &Query{By: []Dimension{DayOf}, Measures: def, Where: []Condition{{sub1, In, []Key{{Text: "sub12"}}}}, Total: true})
	put("median by day campaign", &Query{By: []Dimension{DayOf, Campaign}, Measures: SetOf(TimeMedian, TimeP90), Total: true})
	put("reason day", &Query{By: []Dimension{DayOf}, Measures: SetOf(Clicks, BotClicks), Total: true})
}
