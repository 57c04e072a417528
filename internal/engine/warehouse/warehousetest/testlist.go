package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

// testPages: pages of a list, put together, are the list, in both directions.
func testPages(t *testing.T, w warehouse.Warehouse) {
	world := NewWorld(Random(t), 300)
	loadWorld(t, w, world)
	pages(t, world, w.Clicks, (*warehouse.Click).Place)
	pages(t, world, w.Postbacks, (*warehouse.Postback).Place)
	pages(t, world, w.Conversions, (*warehouse.Conversion).Place)
}

func pages[R any](t *testing.T, world *World, list func(context.Context, *warehouse.List) iter.Seq2[R, error], place func(*R) warehouse.Cursor) {
	t.Helper()
	for _, newest := range []bool{false, true} {
		l := &warehouse.List{From: world.From, Until: world.Until, Newest: newest}
		all, err := collect(list(t.Context(), l))
		must(t, err)
		if len(all) < 20 {
			t.Errorf("only %d rows", len(all))
		}
		var together []R
		for l.Limit = 7; ; {
			page, err := collect(list(t.Context(), l))
			must(t, err)
			if len(page) == 0 {
				break
			}
			if len(page) > l.Limit {
				t.Fatalf("a page of %d", len(page))
			}
			if together = append(together, page...); len(together) > len(all) {
				t.Fatalf("pages of %d rows have more of them", len(all))
			}
			last := place(&page[len(page)-1])
			l.After = &last
		}
		equal(t, fmt.Sprintf("pages of %T, newest first is %v", all, newest), together, all)
	}
}

func testClick(t *testing.T, w warehouse.Warehouse) {
	first, second := Click(1, Noon), Click(2, Noon)
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{second, first}})
	got, err := w.Click(t.Context(), first.Origin)
	must(t, err)
	first.Visitor, first.Unique = 0, true
	equal(t, "the click", got, first)
	for _, other := range []func(o *homing.Origin){
		func(o *homing.Origin) { o.Time++ },
		func(o *homing.Origin) { o.Node++ },
		func(o *homing.Origin) { o.Seq += 2 },
		func(o *homing.Origin) { o.Campaign++ },
	} {
		o := first.Origin
		other(&o)
		_, err := w.Click(t.Context(), o)
		mustBe(t, err, homing.ErrNotFound)
	}
}

func testBadLists(t *testing.T, w warehouse.Warehouse) {
	bad := func(what string, clicks, postbacks, conversions bool, spoil func(l *warehouse.List)) {
		l := whole()
		spoil(l)
		for _, c := range []struct {
			list string
			bad  bool
			err  error
		}{
			{"clicks", clicks, lastError(w.Clicks(t.Context(), l))},
			{"postbacks", postbacks, lastError(w.Postbacks(t.Context(), l))},
			{"conversions", conversions, lastError(w.Conversions(t.Context(), l))},
		} {
			if c.bad != errors.Is(c.err, homing.ErrInvalid) || !c.bad && c.err != nil {
				t.Errorf("%s of %s: %v", what, c.list, c.err)
			}
		}
	}
	bad("backwards", true, true, true, func(l *warehouse.List) { l.From = l.Until + 1 })
	bad("negative limit", true, true, true, func(l *warehouse.List) { l.Limit = -1 })
	bad("class", false, true, true, func(l *warehouse.List) { l.Class = []homing.ClickClass{0} })
	bad("outcome", true, false, true, func(l *warehouse.List) { l.Outcome = []homing.Outcome{homing.Refused} })
	bad("status", true, true, false, func(l *warehouse.List) { l.Status = []homing.Status{homing.Approved} })
	bad("conversion", true, false, false, func(l *warehouse.List) { l.Conversion = 1 })
	bad("request", true, false, false, func(l *warehouse.List) { l.Request[0] = 1 })
	bad("condition", true, true, true, func(l *warehouse.List) {
		l.Where = []warehouse.Condition{{Dimension: warehouse.Campaign, Op: warehouse.Contains, Keys: one("1")}}
	})
}

func lastError[R any](rows iter.Seq2[R, error]) error {
	_, err := collect(rows)
	return err
}

// testCancel: a cancelled question ends, and the next one is answered.
func testCancel(t *testing.T, w warehouse.Warehouse) {
	load(t, w, "spool/1", warehouse.Batch{Clicks: []warehouse.Click{Click(1, Noon), Click(2, Noon)}})
	ctx, cancel := context.WithCancel(t.Context())
	for _, err := range w.Clicks(ctx, whole()) {
		must(t, err)
		break // a reader may leave in the middle
	}
	cancel()
	_, err := w.Ask(ctx, everything(warehouse.DayOf))
	mustBe(t, err, context.Canceled)
	_, err = collect(w.Stream(ctx, everything(warehouse.DayOf)))
	mustBe(t, err, context.Canceled)
	_, err = collect(w.Clicks(ctx, whole()))
	mustBe(t, err, context.Canceled)
	_, err = w.Click(ctx, Click(1, Noon).Origin)
	mustBe(t, err, context.Canceled)
	mustBe(t, w.Load(ctx, &warehouse.Batch{Source: "spool/1", First: 1, Next: 2, Clicks: []warehouse.Click{Click(3, Noon)}}), context.Canceled)
	equal(t, "clicks", total(t, w)[warehouse.Clicks], int64(2))
}
