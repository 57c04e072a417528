package warehousetest

import (
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

func testMarks(t *testing.T, w warehouse.Warehouse) {
	ctx := t.Context()
	mark, err := w.Mark(ctx, "spool/1")
	must(t, err)
	equal(t, "mark of nothing", mark.Next, uint64(0))

	b := &warehouse.Batch{Source: "spool/1", Next: 10, State: []byte("state\x00\xff"), Clicks: []warehouse.Click{Click(1, Noon), Click(2, Noon)}}
	must(t, w.Load(ctx, b))
	must(t, w.Load(ctx, b)) // once more: nothing
	equal(t, "clicks after a batch came twice", total(t, w)[warehouse.Clicks], int64(2))
	mark, err = w.Mark(ctx, "spool/1")
	must(t, err)
	equal(t, "mark", mark, warehouse.Mark{Next: 10, State: []byte("state\x00\xff")})

	missing := &warehouse.Batch{Source: "spool/1", First: 11, Next: 12, Clicks: []warehouse.Click{Click(3, Noon)}}
	mustBe(t, w.Load(ctx, missing), homing.ErrConflict)
	equal(t, "clicks after a conflict", total(t, w)[warehouse.Clicks], int64(2))

	must(t, w.Load(ctx, &warehouse.Batch{Source: "spool/1", First: 10, Next: 11, State: []byte("b")})) // empty
	must(t, w.Load(ctx, missing))
	must(t, w.Load(ctx, &warehouse.Batch{Source: "ledger", Next: 3}))
	for source, next := range map[string]uint64{"spool/1": 12, "ledger": 3, "spool/2": 0} {
		mark, err = w.Mark(ctx, source)
		must(t, err)
		equal(t, "mark of "+source, mark.Next, next)
	}
	old := &warehouse.Batch{Source: "spool/1", First: 2, Next: 9, State: []byte("old"), Clicks: []warehouse.Click{Click(4, Noon)}}
	must(t, w.Load(ctx, old))
	equal(t, "clicks in the end", total(t, w)[warehouse.Clicks], int64(3))
}

// testVersions: the highest version stands, whatever the order.
func testVersions(t *testing.T, w warehouse.Warehouse) {
	click := Click(1, Noon)
	version := func(n int64, status homing.Status) warehouse.Conversion {
		c := Conversion(1, &click)
		c.Version, c.Status = n, status
		return c
	}
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{click}})
	load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{version(5, homing.Pending), version(3, homing.LateStatus)}})
	load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{version(4, homing.Approved)}})
	all := total(t, w)
	equal(t, "pending, late, approved", []int64{all[warehouse.Pending], all[warehouse.Late], all[warehouse.Approved]}, []int64{1, 0, 0})
	load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{version(7, homing.Rejected), version(9, homing.Approved), version(8, homing.Pending)}})
	all = total(t, w)
	equal(t, "conversions, approved, value", []int64{all[warehouse.Conversions], all[warehouse.Approved], all[warehouse.Value]}, []int64{1, 1, int64(3 * homing.Unit)})

	want := version(9, homing.Approved)
	want.Known, want.Facets = true, click.Facets
	equal(t, "what stands", conversionsOf(t, w), []warehouse.Conversion{want})
}

// testFacets: conversions and postbacks carry what is known of their click,
// whether it came before, or with them.
func testFacets(t *testing.T, w warehouse.Warehouse) {
	before, with, never := Click(1, Noon), Click(2, Noon), Click(3, Noon)
	later := Click(4, Noon)
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{before}})
	b := warehouse.Batch{Clicks: []warehouse.Click{with}}
	for i, click := range []warehouse.Click{before, with, never, later} {
		c := Conversion(homing.ConversionID(i+1), &click)
		b.Conversions = append(b.Conversions, c)
		b.Postbacks = append(b.Postbacks, Postback(&c))
	}
	load(t, w, "spool/1", b)
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{later}})
	again := Conversion(4, &later)
	again.Version = 99
	load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{again}})

	conversions, postbacks := conversionsOf(t, w), postbacksOf(t, w)
	for i, want := range []struct {
		known  bool
		facets warehouse.Facets
	}{{true, before.Facets}, {true, with.Facets}, {false, warehouse.Facets{}}, {true, later.Facets}} {
		equal(t, "known", conversions[i].Known, want.known)
		equal(t, "facets of conversion", conversions[i].Facets, want.facets)
		if i < 3 { // of a postback whose click comes later nothing is said
			equal(t, "known", postbacks[i].Known, want.known)
			equal(t, "facets of postback", postbacks[i].Facets, want.facets)
		}
	}
}

func testUnique(t *testing.T, w warehouse.Warehouse) {
	click := func(n int, at homing.Millis, campaign homing.CampaignID, visitor uint64, class homing.ClickClass) warehouse.Click {
		c := Click(n, at)
		c.Campaign, c.Visitor, c.Class = campaign, visitor, class
		return c
	}
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{
		click(1, Noon, 1, 7, homing.BotClick), // not billable, and does not spoil the next
		click(2, Noon, 1, 7, homing.Billable), // first
		click(3, Noon, 1, 7, homing.Billable), // again, in the batch
		click(4, Noon, 2, 7, homing.Billable), // of another campaign: first
		click(5, Noon, 1, 0, homing.Billable), // unknown
		click(6, Noon, 1, 1<<63, homing.Billable),
	}})
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{
		click(7, Noon+minute, 1, 7, homing.Billable), // again, in another batch
		click(8, Noon+day, 1, 7, homing.Billable),    // the next day: first
		click(9, Noon+day, 1, 1<<63, homing.Billable),
		click(10, Noon+day, 1, 1<<63, homing.Billable),
	}})
	var unique []uint16
	for _, c := range clicksOf(t, w, whole()) {
		if c.Visitor != 0 {
			t.Errorf("click %d tells its visitor", c.Seq)
		}
		if c.Unique {
			unique = append(unique, c.Seq)
		}
	}
	equal(t, "unique clicks", unique, []uint16{2, 4, 6, 8, 9})
	for _, by := range []warehouse.Dimension{warehouse.Campaign, warehouse.OfFacet(warehouse.FacetCity)} {
		a := ask(t, w, everything(by))
		equal(t, "unique, of answers", a.Total.Measures[warehouse.UniqueClicks], int64(5))
	}
}

// testTestTraffic: it is listed, and in no answer.
func testTestTraffic(t *testing.T, w warehouse.Warehouse) {
	click := Click(1, Noon)
	click.Node = homing.FirstTestNode
	conversion := Conversion(1, &click)
	load(t, w, "spool/1", warehouse.Batch{
		Clicks: []warehouse.Click{click}, Conversions: []warehouse.Conversion{conversion},
		Postbacks: []warehouse.Postback{Postback(&conversion)},
	})
	for _, by := range [][]warehouse.Dimension{{warehouse.Campaign}, {warehouse.OfFacet(warehouse.FacetSub1)}, {warehouse.Goal}} {
		a := ask(t, w, everything(by...))
		if len(a.Rows) > 0 {
			t.Errorf("by %v: %+v", by, a.Rows)
		}
	}
	listed := clicksOf(t, w, whole())
	if len(listed) != 1 || !listed[0].Test() || len(conversionsOf(t, w)) != 1 || len(postbacksOf(t, w)) != 1 {
		t.Errorf("listed: %+v", listed)
	}
}

func testEmpty(t *testing.T, w warehouse.Warehouse) {
	a := ask(t, w, everything(warehouse.DayOf))
	equal(t, "rows of nothing", len(a.Rows), 0)
	var none [warehouse.MeasureCount]int64
	none[warehouse.TimeMedian], none[warehouse.TimeP90] = warehouse.NoTime, warehouse.NoTime
	equal(t, "total of nothing", a.Total.Measures, none)
	a = ask(t, w, everything())
	equal(t, "rows of no dimension", len(a.Rows), 1)
	equal(t, "the one group", a.Rows[0].Measures, none)
	oldest, err := w.Oldest(t.Context(), warehouse.ClickTable)
	must(t, err)
	equal(t, "oldest day of nothing", oldest, warehouse.Day(0))
	seals, err := w.Seals(t.Context())
	must(t, err)
	equal(t, "seals of nothing", len(seals), 0)
	equal(t, "clicks of nothing", len(clicksOf(t, w, whole())), 0)
}
