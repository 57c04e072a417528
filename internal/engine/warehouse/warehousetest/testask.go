package warehousetest

import (
	"sync"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// inEveryZone asks about a world by some dimensions, in UTC and a few zones.
func inEveryZone(t *testing.T, world *World, each func(q *warehouse.Query)) {
	for _, name := range append([]string{"UTC"}, Zones...) {
		location, err := time.LoadLocation(name)
		must(t, err)
		q := &warehouse.Query{
			From: world.From - day, Until: world.Until + day, Total: true,
			Measures: 1<<warehouse.MeasureCount - 1,
		}
		q.Zone = warehouse.ZoneOf(location, q.From, q.Until)
		each(q)
	}
}

func testEveryDimension(t *testing.T, w warehouse.Warehouse) {
	world := NewWorld(Random(t), 400)
	m := loadWorld(t, w, world)
	for d := range warehouse.Dimension(warehouse.DimensionCount) {
		if !d.IsTime() {
			q := &warehouse.Query{From: world.From, Until: world.Until, By: []warehouse.Dimension{d}, Measures: 1<<warehouse.MeasureCount - 1}
			sameAnswer(t, w, m, q)
		}
	}
	inEveryZone(t, world, func(q *warehouse.Query) {
		for d := range warehouse.Account {
			for basis := range warehouse.ByConversion + 1 {
				q.By, q.Basis = []warehouse.Dimension{d}, basis
				sameAnswer(t, w, m, q)
			}
		}
	})
}

func testEveryMeasure(t *testing.T, w warehouse.Warehouse) {
	world := NewWorld(Random(t), 400)
	m := loadWorld(t, w, world)
	for measure := range warehouse.Measure(warehouse.MeasureCount) {
		for _, by := range []warehouse.Dimension{warehouse.DayOf, warehouse.Campaign, warehouse.Goal, warehouse.OfFacet(warehouse.FacetSub1 + 2)} {
			q := &warehouse.Query{
				From: world.From, Until: world.Until, By: []warehouse.Dimension{by}, Measures: warehouse.SetOf(measure), Total: true,
				Order: []warehouse.Order{{Measure: measure, Desc: true}},
			}
			sameAnswer(t, w, m, q)
		}
	}
}

// testOrder: groups without a divisor, or without a time, are last either way;
// what is alike stands by its keys.
func testOrder(t *testing.T, w warehouse.Warehouse) {
	var b warehouse.Batch
	for n, clicks := range []int{2, 1, 3, 1} {
		for range clicks {
			c := Click(len(b.Clicks), Noon)
			c.Campaign = homing.CampaignID(n + 1)
			b.Clicks = append(b.Clicks, c)
		}
	}
	late := b.Clicks[0]
	late.Campaign = 9 // without a click
	for i, c := range []*warehouse.Click{&b.Clicks[0], &b.Clicks[2], &late} {
		b.Conversions = append(b.Conversions, Conversion(homing.ConversionID(i+1), c))
	}
	load(t, w, "spool/1", b)
	for _, c := range []struct {
		what  string
		order warehouse.Order
		want  []int64
	}{
		{"clicks", warehouse.Order{Measure: warehouse.Clicks}, []int64{9, 2, 4, 1, 3}},
		{"clicks, most first", warehouse.Order{Measure: warehouse.Clicks, Desc: true}, []int64{3, 1, 2, 4, 9}},
		{"rate", warehouse.Order{Measure: warehouse.Conversions, Divided: true, Per: warehouse.Clicks}, []int64{3, 4, 1, 2, 9}},
		{"rate, most first", warehouse.Order{Measure: warehouse.Conversions, Divided: true, Per: warehouse.Clicks, Desc: true}, []int64{2, 1, 3, 4, 9}},
		{"time", warehouse.Order{Measure: warehouse.TimeMedian}, []int64{1, 2, 9, 3, 4}},
		{"time, most first", warehouse.Order{Measure: warehouse.TimeMedian, Desc: true}, []int64{1, 2, 9, 3, 4}},
		{"key, last first", warehouse.Order{ByKey: true, Dimension: warehouse.Campaign, Desc: true}, []int64{9, 4, 3, 2, 1}},
	} {
		q := everything(warehouse.Campaign)
		q.Order = []warehouse.Order{c.order}
		var got []int64
		for _, row := range ask(t, w, q).Rows {
			got = append(got, row.Keys[0].Number)
		}
		equal(t, "by "+c.what, got, c.want)
	}
	q := everything(warehouse.Campaign)
	q.Limit = 2
	a := ask(t, w, q)
	equal(t, "rows, more, clicks of all", []any{len(a.Rows), a.More, a.Total.Measures[warehouse.Clicks]}, []any{2, true, int64(7)})
	q.Limit = 5
	equal(t, "more, at the limit", ask(t, w, q).More, false)
}

// testTimes: half, or nine tenths, are counted exactly.
func testTimes(t *testing.T, w warehouse.Warehouse) {
	for n := range homing.Millis(10) {
		click := Click(int(n), Noon)
		c := Conversion(homing.ConversionID(n+1), &click)
		c.At = Noon + (n+1)*minute
		load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{c}})
		all := total(t, w)
		half, most := (n+1+1)/2, (9*(n+1)+9)/10
		equal(t, "median and p90 of one minute more each", []int64{all[warehouse.TimeMedian], all[warehouse.TimeP90]},
			[]int64{int64(half * minute), int64(most * minute)})
	}
	early := Click(99, Noon)
	c := Conversion(99, &early)
	c.At, c.Goal = Noon-minute, 7
	load(t, w, "ledger", warehouse.Batch{Conversions: []warehouse.Conversion{c}})
	q := everything(warehouse.Goal)
	equal(t, "time of a conversion before its click", ask(t, w, q).Rows[1].Measures[warehouse.TimeMedian], int64(0))
}

func testBadQueries(t *testing.T, w warehouse.Warehouse) {
	for what, spoil := range map[string]func(q *warehouse.Query){
		"backwards":         func(q *warehouse.Query) { q.From = q.Until + 1 },
		"too many by":       func(q *warehouse.Query) { q.By = []warehouse.Dimension{0, 1, 2, 3, 4} },
		"twice":             func(q *warehouse.Query) { q.By = []warehouse.Dimension{1, 1} },
		"no dimension":      func(q *warehouse.Query) { q.By = []warehouse.Dimension{warehouse.Dimension(warehouse.DimensionCount)} },
		"no measure":        func(q *warehouse.Query) { q.Measures = 0 },
		"unknown measure":   func(q *warehouse.Query) { q.Measures = 1 << warehouse.MeasureCount },
		"begins on numbers": func(q *warehouse.Query) { q.Where = []warehouse.Condition{{Op: warehouse.Begins, Keys: one("1")}} },
		"begins with none": func(q *warehouse.Query) {
			q.Where = []warehouse.Condition{{Dimension: warehouse.FirstFacet, Op: warehouse.Begins}}
		},
		"unknown op":        func(q *warehouse.Query) { q.Where = []warehouse.Condition{{Op: 17}} },
		"unknown condition": func(q *warehouse.Query) { q.Where = []warehouse.Condition{{Dimension: 200}} },
		"not UTF-8": func(q *warehouse.Query) {
			q.Where = []warehouse.Condition{{Dimension: warehouse.FirstFacet, Keys: one("\xff")}}
		},
		"order by another key": func(q *warehouse.Query) { q.Order = []warehouse.Order{{ByKey: true, Dimension: warehouse.Month}} },
		"order by another measure": func(q *warehouse.Query) {
			q.Measures, q.Order = warehouse.SetOf(warehouse.Clicks), []warehouse.Order{{Measure: warehouse.Value}}
		},
		"divided by another measure": func(q *warehouse.Query) {
			q.Measures, q.Order = warehouse.SetOf(warehouse.Clicks), []warehouse.Order{{Divided: true, Per: warehouse.Value}}
		},
		"limit":          func(q *warehouse.Query) { q.Limit = warehouse.MaxRows + 1 },
		"negative limit": func(q *warehouse.Query) { q.Limit = -1 },
		"basis":          func(q *warehouse.Query) { q.Basis = 2 },
		"zone":           func(q *warehouse.Query) { q.Zone = warehouse.Zone{{From: 5}, {From: 5}} },
		"short group":    func(q *warehouse.Query) { q.Only = [][]warehouse.Key{{}} },
		"long group":     func(q *warehouse.Query) { q.Except = [][]warehouse.Key{{{}, {}}} },
	} {
		q := everything(warehouse.Campaign)
		spoil(q)
		if _, err := w.Ask(t.Context(), q); err == nil {
			t.Errorf("%s: no error", what)
		} else {
			mustBe(t, err, homing.ErrInvalid)
		}
		if what == "limit" {
			continue // a stream has none
		}
		_, err := collect(w.Stream(t.Context(), q))
		mustBe(t, err, homing.ErrInvalid)
	}
}

func one(text string) []warehouse.Key { return []warehouse.Key{{Text: text}} }

func testRandom(t *testing.T, w warehouse.Warehouse) {
	rng := Random(t)
	world := NewWorld(rng, 600)
	m := loadWorld(t, w, world)
	Differential(t, world, rng, w, m, Questions(t, 300))
}

func testRandomAfterDrop(t *testing.T, w warehouse.Warehouse) {
	rng := Random(t)
	world := NewWorld(rng, 600)
	m := loadWorld(t, w, world)
	for table := range warehouse.ConversionTable + 1 {
		before := warehouse.DayAt(world.From) + 1 + warehouse.Day(rng.IntN(2))
		must(t, w.Drop(t.Context(), table, before))
		must(t, m.Drop(t.Context(), table, before))
	}
	Differential(t, world, rng, w, m, Questions(t, 200))
}

// testTogether loads and asks at once: an answer is of one moment, in which
// batches are in whole or not at all.
func testTogether(t *testing.T, w warehouse.Warehouse) {
	const batches, each = 30, 20
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for seen := int64(0); seen < batches*each; {
				a, err := w.Ask(t.Context(), everything(warehouse.Campaign))
				if err != nil {
					t.Error(err)
					return
				}
				all := a.Total.Measures
				now := all[warehouse.Clicks]
				if now%each != 0 || now < seen || all[warehouse.Conversions] != now/each || all[warehouse.Postbacks] != now/each {
					t.Errorf("%d clicks after %d, %d conversions, %d postbacks", now, seen, all[warehouse.Conversions], all[warehouse.Postbacks])
					return
				}
				seen = now
			}
		})
	}
	for i := range batches {
		var b warehouse.Batch
		for n := range each {
			b.Clicks = append(b.Clicks, Click(n, Noon+homing.Millis(i)))
		}
		c := Conversion(homing.ConversionID(i+1), &b.Clicks[0])
		b.Conversions = []warehouse.Conversion{c}
		b.Postbacks = []warehouse.Postback{Postback(&c)}
		load(t, w, "spool/1", b)
	}
	wait.Wait()
}
