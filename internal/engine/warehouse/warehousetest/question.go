package warehousetest

import (
	"math/rand/v2"
	"slices"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// questioner makes questions about a world up: every dimension, measure,
// comparison and order has its turn, in the world's words and in others.
type questioner struct{ World }

func (w *World) questioner(rng *rand.Rand) *questioner {
	r := &questioner{*w}
	r.rng = rng
	return r
}

// Question is a query at random.
func (w *World) Question(rng *rand.Rand) *warehouse.Query {
	r := w.questioner(rng)
	q := &warehouse.Query{Basis: warehouse.Basis(rng.IntN(2)), Total: r.oneIn(2)}
	q.From, q.Until = r.span()
	q.Zone = r.zone(q.From, q.Until)
	q.By = r.dimensions()
	q.Measures = r.measures()
	for range rng.IntN(4) * rng.IntN(2) {
		q.Where = append(q.Where, r.condition(q.Zone))
	}
	for range rng.IntN(4) {
		if o, ok := r.order(q); ok {
			q.Order = append(q.Order, o)
		}
	}
	if r.oneIn(2) {
		q.Limit = rng.IntN(12)
	}
	return q
}

func (r *questioner) oneIn(n int) bool { return r.rng.IntN(n) == 0 }

func (r *questioner) span() (from, until homing.Millis) {
	from, until = r.moment(), r.moment()
	if from > until {
		from, until = until, from
	}
	switch r.rng.IntN(8) {
	case 0, 1:
		from, until = r.From, r.Until
	case 2, 3: // whole days of UTC, beyond the world
		from, until = from-from%day, until-until%day+day
	case 4: // whole quarters of an hour
		from, until = from-from%(15*minute), until-until%(15*minute)
	case 5:
		until = from + homing.Millis(r.rng.IntN(2_000_000))
	}
	return from, until
}

func (r *questioner) zone(from, until homing.Millis) warehouse.Zone {
	switch {
	case r.oneIn(5):
		return nil
	case r.oneIn(15): // no clock like this is left, but some day
		return warehouse.Zone{{From: from, Offset: 20_548_000}, {From: from + (until-from)/3 + 1, Offset: -1_234_567}}
	}
	name := r.World.zone // where the clock changes
	if r.oneIn(2) {
		name = Zones[r.rng.IntN(len(Zones))]
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // tzdata is linked
	}
	if r.oneIn(3) { // a zone may say more than is asked
		from, until = from-200*day, until+200*day
	}
	return warehouse.ZoneOf(location, from, until)
}

// dimension prefers times and what totals know.
func (r *questioner) dimension() warehouse.Dimension {
	switch r.rng.IntN(4) {
	case 0:
		return warehouse.Dimension(r.rng.IntN(int(warehouse.Weekday) + 1))
	case 1:
		return []warehouse.Dimension{
			warehouse.Account, warehouse.Campaign, warehouse.Reason,
			warehouse.OfFacet(warehouse.FacetCountry), warehouse.OfFacet(warehouse.FacetDevice),
		}[r.rng.IntN(5)]
	}
	return warehouse.Dimension(r.rng.IntN(warehouse.DimensionCount))
}

func (r *questioner) dimensions() (by []warehouse.Dimension) {
	for range r.rng.IntN(warehouse.MaxBy + 1) {
		if d := r.dimension(); !slices.Contains(by, d) {
			by = append(by, d)
		}
	}
	return by
}

func (r *questioner) measures() (s warehouse.Measures) {
	if r.oneIn(6) {
		return 1<<warehouse.MeasureCount - 1
	}
	for range 1 + r.rng.IntN(4) {
		s |= warehouse.SetOf(warehouse.Measure(r.rng.IntN(warehouse.MeasureCount)))
	}
	return s
}

func (r *questioner) order(q *warehouse.Query) (o warehouse.Order, ok bool) {
	o.Desc = r.oneIn(2)
	if len(q.By) > 0 && r.oneIn(3) {
		o.ByKey, o.Dimension = true, q.By[r.rng.IntN(len(q.By))]
		return o, true
	}
	o.Measure = warehouse.Measure(r.rng.IntN(warehouse.MeasureCount))
	if r.oneIn(2) {
		o.Divided, o.Per = true, warehouse.Measure(r.rng.IntN(warehouse.MeasureCount))
	}
	return o, q.Measures.Has(o.Measure) && (!o.Divided || q.Measures.Has(o.Per))
}

func (r *questioner) condition(zone warehouse.Zone) warehouse.Condition {
	c := warehouse.Condition{Dimension: r.dimension(), Op: warehouse.Op(r.rng.IntN(4))}
	if c.Op >= warehouse.Begins {
		if c.Dimension.IsNumber() {
			c.Op -= warehouse.Begins
		} else {
			c.Keys = []warehouse.Key{{Text: r.piece(r.key(zone, c.Dimension).Text)}}
			return c
		}
	}
	for range r.rng.IntN(4) {
		c.Keys = append(c.Keys, r.key(zone, c.Dimension))
	}
	return c
}

// key is a key that some row may have.
func (r *questioner) key(zone warehouse.Zone, d warehouse.Dimension) warehouse.Key {
	if f, ok := d.Facet(); ok {
		if r.oneIn(8) {
			return warehouse.Key{Text: uglyTexts[r.rng.IntN(len(uglyTexts))]}
		}
		return warehouse.Key{Text: r.Texts[f][r.rng.IntN(len(r.Texts[f]))]}
	}
	switch {
	case d == warehouse.Reason && r.oneIn(4):
		return warehouse.Key{}
	case d == warehouse.Reason:
		return warehouse.Key{Text: (homing.ReasonCounted + homing.Reason(r.rng.IntN(13))).String()}
	case d.IsTime():
		return warehouse.Key{Number: zone.KeyAt(d, r.moment())}
	case r.oneIn(8):
		return warehouse.Key{Number: []int64{-1, 4_000_000_000, 1 << 40, -1 << 63, 1<<63 - 1}[r.rng.IntN(5)]}
	}
	return warehouse.Key{Number: int64(r.rng.IntN(6))}
}

// piece cuts a text, and turns the size of letters round, not only of A to Z.
func (r *questioner) piece(text string) string {
	runes := []rune(text)
	if len(runes) > 0 && !r.oneIn(3) {
		from := r.rng.IntN(len(runes))
		if r.oneIn(2) {
			from = 0
		}
		runes = runes[from : from+1+r.rng.IntN(len(runes)-from)]
	}
	for i, c := range runes {
		if 'a' <= c && c <= 'z' && r.oneIn(2) {
			runes[i] = c - 'a' + 'A'
		}
	}
	return string(runes)
}

// List is a list of a table at random.
func (w *World) List(rng *rand.Rand, table warehouse.Table) *warehouse.List {
	r := w.questioner(rng)
	l := &warehouse.List{Newest: r.oneIn(2), Limit: rng.IntN(30)}
	l.From, l.Until = r.span()
	for range rng.IntN(3) * rng.IntN(2) {
		l.Where = append(l.Where, r.condition(nil))
	}
	if r.oneIn(2) {
		l.After = &warehouse.Cursor{At: r.moment(), Number: int64(rng.IntN(1 << 17))}
		if c := w.clicks[rng.IntN(len(w.clicks))]; r.oneIn(2) {
			*l.After = c.Place()
		}
	}
	if r.oneIn(8) {
		l.From, l.Until = w.From, w.Until
		l.Click = w.clicks[rng.IntN(len(w.clicks))].Origin
	}
	r.narrow(l, table)
	return l
}

func (r *questioner) narrow(l *warehouse.List, table warehouse.Table) {
	if r.oneIn(2) {
		return
	}
	switch table {
	case warehouse.ClickTable:
		l.Class = []homing.ClickClass{homing.ClickClass(r.rng.IntN(6)), homing.Billable}
	case warehouse.PostbackTable:
		l.Outcome = []homing.Outcome{homing.Outcome(1 + r.rng.IntN(5))}
	case warehouse.ConversionTable:
		l.Status = []homing.Status{homing.Status(1 + r.rng.IntN(4))}
	}
	if p := r.postbacks[r.rng.IntN(len(r.postbacks))]; table != warehouse.ClickTable && r.oneIn(4) {
		l.From, l.Until, l.Outcome, l.Status = r.From, r.Until, nil, nil
		l.Conversion = p.Conversion
		if r.oneIn(2) {
			l.Request = p.Request
		}
	}
}
