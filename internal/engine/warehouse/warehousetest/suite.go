package warehousetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

// Open makes an empty warehouse for one test. The suite closes it.
type Open func(t testing.TB) warehouse.Warehouse

// Run asks an implementation everything that the contract promises; or some of it, if
// only those parts are named: where a part takes long, and others are run elsewhere.
func Run(t *testing.T, open Open, only ...string) {
	for _, part := range []struct {
		name string
		test func(*testing.T, warehouse.Warehouse)
	}{
		{"Marks", testMarks},
		{"Versions", testVersions},
		{"Facets", testFacets},
		{"Unique", testUnique},
		{"TestTraffic", testTestTraffic},
		{"Empty", testEmpty},
		{"EveryDimension", testEveryDimension},
		{"EveryMeasure", testEveryMeasure},
		{"Order", testOrder},
		{"Times", testTimes},
		{"Pages", testPages},
		{"Click", testClick},
		{"Drop", testDrop},
		{"DropConversions", testDropConversions},
		{"EraseClick", testEraseClick},
		{"EraseAccount", testEraseAccount},
		{"Seal", testSeal},
		{"Reset", testReset},
		{"Verify", testVerify},
		{"Cancel", testCancel},
		{"BadQueries", testBadQueries},
		{"BadLists", testBadLists},
		{"Together", testTogether},
		{"Random", testRandom},
		{"RandomAfterDrop", testRandomAfterDrop},
	} {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		t.Run(part.name, func(t *testing.T) {
			w := open(t)
			t.Cleanup(func() {
				if err := w.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			part.test(t, w)
		})
	}
}

// Noon is the moment most tests happen at: 2026-03-10, in UTC.
const Noon homing.Millis = 1773144000000

const (
	minute homing.Millis = 60_000
	hour                 = 60 * minute
	day                  = 24 * hour
)

// Click is the n-th click of a test: of campaign 1 and account 1, billable.
func Click(n int, at homing.Millis) warehouse.Click {
	c := warehouse.Click{
		Origin:  homing.Origin{Time: at, Node: 1, Seq: uint16(n), Campaign: 1},
		Account: 1, Visitor: uint64(n + 1), Cost: homing.Unit / 4, Addr: "192.0.2.0",
		More: []warehouse.Param{{Param: homing.ParamKeywords, Text: "red shoes"}},
	}
	c.Facets[warehouse.FacetSub1] = fmt.Sprintf("sub %d", n%3)
	c.Facets[warehouse.FacetCountry] = "DE"
	c.Facets[warehouse.FacetDevice] = "mobile"
	c.Facets[warehouse.FacetCity] = "Kassel"
	return c
}

// Conversion is the first version of a conversion of the click, a minute later.
func Conversion(id homing.ConversionID, click *warehouse.Click) warehouse.Conversion {
	at := click.Time + minute
	return warehouse.Conversion{Version: int64(id), Conversion: homing.Conversion{
		ID: id, Click: click.Origin, Goal: 2, Lead: "lead\x00\xff", Account: click.Account, Campaign: click.Campaign,
		Status: homing.Approved, Value: homing.ValueOf(3 * homing.Unit), Price: homing.Unit / 2, Currency: "EUR",
		Flags: homing.FlagBrowser, At: at, Request: homing.NewRequestID(at, 1, uint32(id)),
	}}
}

// Postback is the call that made the conversion.
func Postback(c *warehouse.Conversion) warehouse.Postback {
	return warehouse.Postback{Number: int64(c.ID), Count: 1, Postback: homing.Postback{
		Request: c.Request, At: c.At, HTTPS: true, Method: "GET", Target: "/api?value=3", UserAgent: "sender/1",
		Account: c.Account, Campaign: c.Campaign, Click: homing.ClickID{1, 2, byte(c.ID)}, Origin: c.Click,
		Goal: c.Goal, Lead: c.Lead, Value: c.Value, Price: c.Price, Currency: c.Currency, Conversion: c.ID,
		Verdict: homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted, Flags: c.Flags},
	}}
}

// load loads a batch behind all that its source has brought.
func load(t testing.TB, w warehouse.Sink, source string, b warehouse.Batch) {
	t.Helper()
	mark, err := w.Mark(t.Context(), source)
	must(t, err)
	b.Source, b.First, b.Next = source, mark.Next, mark.Next+1
	must(t, w.Load(t.Context(), &b))
}

// loadWorld makes a world and loads it into the warehouse and a model.
func loadWorld(t testing.TB, w warehouse.Sink, world *World) *Model {
	t.Helper()
	m := NewModel()
	for _, b := range world.Batches {
		must(t, m.Load(t.Context(), b))
		must(t, w.Load(t.Context(), b))
	}
	return m
}

// everything asks for all measures of three days around Noon.
func everything(by ...warehouse.Dimension) *warehouse.Query {
	return &warehouse.Query{
		From: Noon - 36*hour, Until: Noon + 36*hour, Basis: warehouse.ByConversion,
		By: by, Measures: 1<<warehouse.MeasureCount - 1, Total: true,
	}
}

func ask(t testing.TB, w warehouse.Source, q *warehouse.Query) *warehouse.Answer {
	t.Helper()
	a, err := w.Ask(t.Context(), q)
	must(t, err)
	return a
}

// total asks for the total of everything.
func total(t testing.TB, w warehouse.Source) [warehouse.MeasureCount]int64 {
	t.Helper()
	return ask(t, w, everything()).Total.Measures
}

func clicksOf(t testing.TB, w warehouse.Source, l *warehouse.List) []warehouse.Click {
	t.Helper()
	clicks, err := collect(w.Clicks(t.Context(), l))
	must(t, err)
	return clicks
}

func conversionsOf(t testing.TB, w warehouse.Source) []warehouse.Conversion {
	t.Helper()
	conversions, err := collect(w.Conversions(t.Context(), whole()))
	must(t, err)
	return conversions
}

func postbacksOf(t testing.TB, w warehouse.Source) []warehouse.Postback {
	t.Helper()
	postbacks, err := collect(w.Postbacks(t.Context(), whole()))
	must(t, err)
	return postbacks
}

// whole lists the three days around Noon.
func whole() *warehouse.List { return &warehouse.List{From: Noon - 36*hour, Until: Noon + 36*hour} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustBe(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want %v", err, kind)
	}
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got  %+v\n want %+v", what, got, want)
	}
}
