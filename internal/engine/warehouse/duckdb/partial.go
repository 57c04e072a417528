package duckdb

import (
	"cmp"
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
)

// The kinds of totals.
const (
	clickTotals    = iota
	postbackTotals // by arrival
	baseAtTotals   // by base_at
	quarterOfHour  = 15 * 60 * 1000
	quartersPerDay = 96
)

// totalKey is what totals are kept by.
type totalKey struct {
	kind            uint8
	reason          homing.Reason
	campaign        homing.CampaignID
	account         homing.AccountID
	quarter         int64
	country, device string
}

// totalSums are what is summed.
type totalSums struct{ clicks, uniques, bots, cost, postbacks, duplicates, refusals int64 }

// partials sums rows by quarter of an hour. It costs 0.2 µs a click, less than
// asking DuckDB to group what it has just taken.
type partials struct {
	places map[totalKey]int32 // in keys and sums
	keys   []totalKey
	sums   []totalSums
}

func newPartials() *partials { return &partials{places: map[totalKey]int32{}} }

func (p *partials) clear() {
	clear(p.places)
	p.keys, p.sums = p.keys[:0], p.sums[:0]
}

func quarterOf(at homing.Millis) int64 {
	rest := int64(at) % quarterOfHour
	if rest < 0 {
		rest += quarterOfHour
	}
	return int64(at) - rest
}

// at is good until the next call.
func (p *partials) at(key totalKey) *totalSums {
	place, ok := p.places[key]
	if !ok {
		place = int32(len(p.keys))
		p.places[key] = place
		p.keys, p.sums = append(p.keys, key), append(p.sums, totalSums{})
	}
	return &p.sums[place]
}

func (p *partials) click(c *warehouse.Click, unique bool) {
	if c.Test() || c.Class == homing.TestClick {
		return
	}
	sums := p.at(totalKey{kind: clickTotals, quarter: quarterOf(c.Time), campaign: c.Campaign, account: c.Account,
		country: c.Facets[warehouse.FacetCountry], device: c.Facets[warehouse.FacetDevice]})
	if c.Class != homing.Billable {
		sums.bots++
		return
	}
	sums.clicks++
	sums.cost += int64(c.Cost)
	if unique {
		sums.uniques++
	}
}

func (p *partials) postback(b *warehouse.Postback, facets *warehouse.Facets) {
	if genuine(b) && b.Origin.Test() {
		return
	}
	key := totalKey{kind: postbackTotals, quarter: quarterOf(b.At), campaign: b.Campaign, account: b.Account,
		country: facets[warehouse.FacetCountry], device: facets[warehouse.FacetDevice], reason: b.Verdict.Reason}
	p.at(key).postback(b)
	key.kind, key.quarter = baseAtTotals, quarterOf(baseAt(b))
	p.at(key).postback(b)
}

func (t *totalSums) postback(b *warehouse.Postback) {
	t.postbacks += b.Count
	switch b.Verdict.Outcome {
	case homing.Duplicate:
		t.duplicates += b.Count
	case homing.Refused:
		t.refusals += b.Count
	}
}

// fill writes the sums into the sheet, ordered by quarter so that DuckDB finds
// a time's rows together. Clicks come in that order already.
func (p *partials) fill(s *sheet) {
	order := make([]int32, len(p.keys))
	for i := range order {
		order[i] = int32(i)
	}
	byQuarter := func(a, b int32) int { return cmp.Compare(p.keys[a].quarter, p.keys[b].quarter) }
	if !slices.IsSortedFunc(order, byQuarter) {
		slices.SortStableFunc(order, byQuarter)
	}
	for _, i := range order {
		k, sums := &p.keys[i], &p.sums[i]
		s.int(int64(k.kind), k.quarter, int64(k.campaign), int64(k.account))
		s.text(k.country)
		s.text(k.device)
		s.text(reasonOf(k))
		s.int(sums.clicks, sums.uniques, sums.bots, sums.cost, sums.postbacks, sums.duplicates, sums.refusals)
	}
}

// reasonOf is the reason's name; clicks have none.
func reasonOf(k *totalKey) string {
	if k.kind == clickTotals {
		return ""
	}
	return k.reason.String()
}
