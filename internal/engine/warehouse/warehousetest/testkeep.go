package warehousetest

import (
	"fmt"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

var (
	bySub1    = warehouse.OfFacet(warehouse.FacetSub1)
	byCity    = warehouse.OfFacet(warehouse.FacetCity)
	byCountry = warehouse.OfFacet(warehouse.FacetCountry)
	byDevice  = warehouse.OfFacet(warehouse.FacetDevice)
)

// twoDays are clicks, conversions and postbacks of the day before Noon and of
// Noon's: three clicks and one of the others on each.
func twoDays(t testing.TB, w warehouse.Sink) warehouse.Batch {
	t.Helper()
	var b warehouse.Batch
	for n := range 6 {
		at := Noon - day
		if n >= 3 {
			at = Noon
		}
		c := Click(n, at+homing.Millis(n)*minute)
		b.Clicks = append(b.Clicks, c)
		if n%3 == 0 {
			conversion := Conversion(homing.ConversionID(n+1), &c)
			b.Conversions = append(b.Conversions, conversion)
			b.Postbacks = append(b.Postbacks, Postback(&conversion))
		}
	}
	load(t, w, "spool/1", b)
	return b
}

// testDrop: totals go on answering what they can, and gaps tell the rest.
func testDrop(t *testing.T, w warehouse.Warehouse) {
	ctx := t.Context()
	b := twoDays(t, w)
	before := everything(warehouse.Hour, warehouse.Campaign, byCountry, byDevice)
	before.Measures = warehouse.SetOf(warehouse.Clicks, warehouse.UniqueClicks, warehouse.BotClicks, warehouse.Cost,
		warehouse.Postbacks, warehouse.Duplicates, warehouse.Refusals)
	all := ask(t, w, before)
	today := warehouse.DayAt(Noon)
	must(t, w.Drop(ctx, warehouse.ClickTable, today))
	must(t, w.Drop(ctx, warehouse.PostbackTable, today))
	must(t, w.Drop(ctx, warehouse.PostbackTable, today-1)) // less than was given up already

	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
		oldest, err := w.Oldest(ctx, table)
		must(t, err)
		equal(t, "oldest day", oldest, today)
	}
	equal(t, "by what totals know", ask(t, w, before), all)
	equal(t, "clicks left", len(clicksOf(t, w, whole())), 3)
	_, err := w.Click(ctx, b.Clicks[0].Origin)
	mustBe(t, err, homing.ErrNotFound)

	q := everything(bySub1)
	q.Measures = warehouse.SetOf(warehouse.Clicks)
	a := ask(t, w, q)
	equal(t, "clicks that are told by sub1", a.Total.Measures[warehouse.Clicks], int64(3))
	equal(t, "gaps", a.Gaps, []warehouse.Gap{{Table: warehouse.ClickTable, Before: today}})
	q.From = today.Start()
	equal(t, "gaps from the day on", len(ask(t, w, q).Gaps), 0)

	// A new version of a conversion keeps what was known of its click.
	c := b.Conversions[0]
	c.Version, c.Status = 100, homing.Rejected
	load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{c}})
	c.Known, c.Facets = true, b.Clicks[0].Facets
	equal(t, "a version after its click was given up", conversionsOf(t, w)[0], c)
}

func testDropConversions(t *testing.T, w warehouse.Warehouse) {
	twoDays(t, w)
	today := warehouse.DayAt(Noon)
	must(t, w.Drop(t.Context(), warehouse.ConversionTable, today))
	a := ask(t, w, everything(warehouse.Campaign))
	equal(t, "conversions, clicks", []int64{a.Total.Measures[warehouse.Conversions], a.Total.Measures[warehouse.Clicks]}, []int64{1, 6})
	equal(t, "gaps", a.Gaps, []warehouse.Gap{{Table: warehouse.ConversionTable, Before: today}})
}

// testEraseClick: what is known of it goes, numbers stay.
func testEraseClick(t *testing.T, w warehouse.Warehouse) {
	b := twoDays(t, w)
	click := b.Clicks[0]
	all := ask(t, w, everything(warehouse.DayOf, byCountry, byDevice))
	for range 2 {
		must(t, w.Erase(t.Context(), warehouse.Erasure{Click: click.Origin}))
	}
	equal(t, "by what stays", ask(t, w, everything(warehouse.DayOf, byCountry, byDevice)), all)

	got, err := w.Click(t.Context(), click.Origin)
	must(t, err)
	want := click
	want.Visitor, want.Unique, want.Addr, want.More, want.Facets = 0, true, "", nil, blank(click.Facets)
	equal(t, "the click", got, want)
	isErased(t, conversionsOf(t, w)[0], postbacksOf(t, w)[0], want.Facets)

	other := conversionsOf(t, w)[1]
	if other.Lead == "" || other.Facets[warehouse.FacetCity] == "" {
		t.Errorf("another conversion was erased: %+v", other)
	}
	equal(t, "clicks by city", len(ask(t, w, everything(byCity)).Rows), 2)
}

func isErased(t *testing.T, c warehouse.Conversion, p warehouse.Postback, facets warehouse.Facets) {
	t.Helper()
	equal(t, "lead and facets of the conversion", []any{c.Lead, c.Facets}, []any{"", facets})
	equal(t, "lead, target, sender and facets of the postback", []any{p.Lead, p.Target, p.Addr.IsValid(), p.UserAgent, p.Facets}, []any{"", "", false, "", facets})
	equal(t, "outcome and request of the postback", []any{p.Verdict.Outcome, p.Request}, []any{homing.Counted, c.Request})
}

// testEraseAccount: money goes, too, also from totals.
func testEraseAccount(t *testing.T, w warehouse.Warehouse) {
	b := twoDays(t, w)
	stranger := Click(9, Noon)
	stranger.Account, stranger.Campaign = 2, 2
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{stranger}})
	must(t, w.Seal(t.Context(), warehouse.DayAt(Noon)))
	hash := func(lead string) string { return fmt.Sprintf("~%032x", len(lead)) }
	for range 2 {
		must(t, w.Erase(t.Context(), warehouse.Erasure{Account: 1, Lead: hash}))
	}
	for _, by := range [][]warehouse.Dimension{{warehouse.Account}, {warehouse.Account, warehouse.OfFacet(warehouse.FacetOS)}} {
		a := ask(t, w, everything(by...))
		got := a.Rows[0].Measures
		equal(t, "clicks, unique, conversions, postbacks, value, cost",
			[]int64{got[0], got[1], got[warehouse.Conversions], got[warehouse.Postbacks], got[warehouse.Value], got[warehouse.Cost]},
			[]int64{6, 6, 2, 2, 0, 0})
		equal(t, "cost of another account", a.Rows[1].Measures[warehouse.Cost], int64(stranger.Cost))
	}
	for i, c := range conversionsOf(t, w) {
		equal(t, "value", c.Value, homing.Value{})
		equal(t, "lead, currency and request", []any{c.Lead, c.Currency, c.Request}, []any{hash(b.Conversions[i].Lead), "", homing.RequestID{}})
		c.Lead = ""
		isErased(t, c, postbacksOf(t, w)[i], blank(b.Clicks[0].Facets))
	}
}

func testSeal(t *testing.T, w warehouse.Warehouse) {
	ctx := t.Context()
	twoDays(t, w)
	load(t, w, "ledger", warehouse.Batch{})
	today := warehouse.DayAt(Noon)
	sealed := func() (days []warehouse.Day) {
		seals, err := w.Seals(ctx)
		must(t, err)
		for _, s := range seals {
			days = append(days, s.Day)
			equal(t, "through", s.Through["ledger"], uint64(1))
		}
		return days
	}
	must(t, w.Seal(ctx, today))
	must(t, w.Seal(ctx, today-1))
	equal(t, "seals", sealed(), []warehouse.Day{today - 1, today})
	must(t, w.Seal(ctx, today))
	equal(t, "sealed again", sealed(), []warehouse.Day{today - 1, today})
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{Click(30, Noon)}})
	equal(t, "after a row more", sealed(), []warehouse.Day{today - 1})
	must(t, w.Seal(ctx, today))
	equal(t, "sealed with it", sealed(), []warehouse.Day{today - 1, today})
	must(t, w.Drop(ctx, warehouse.ClickTable, today))
	must(t, w.Drop(ctx, warehouse.PostbackTable, today))
	equal(t, "after a drop", sealed(), []warehouse.Day{today})
}

// testReset: sealed days are there again, the rest is loaded again, and all is
// as it was, also what was erased from a seal.
func testReset(t *testing.T, w warehouse.Warehouse) {
	ctx := t.Context()
	b := twoDays(t, w)
	yesterday := warehouse.DayAt(Noon) - 1
	must(t, w.Seal(ctx, yesterday))
	must(t, w.Erase(ctx, warehouse.Erasure{Click: b.Clicks[1].Origin}))
	rows, byHour := clicksOf(t, w, whole()), ask(t, w, everything(warehouse.Hour, byCountry))
	postbacks, conversions := postbacksOf(t, w), conversionsOf(t, w)

	must(t, w.Reset(ctx, func(string, int64, int64) {}))
	mark, err := w.Mark(ctx, "spool/1")
	must(t, err)
	equal(t, "mark after a reset", mark.Next, uint64(0))
	equal(t, "clicks of sealed days", clicksOf(t, w, whole()), rows[:3])

	load(t, w, "spool/1", warehouse.Batch{Clicks: b.Clicks[3:], Postbacks: b.Postbacks[1:], Conversions: b.Conversions})
	equal(t, "clicks", clicksOf(t, w, whole()), rows)
	equal(t, "postbacks", postbacksOf(t, w), postbacks)
	equal(t, "conversions", conversionsOf(t, w), conversions)
	equal(t, "by hour", ask(t, w, everything(warehouse.Hour, byCountry)), byHour)
}
