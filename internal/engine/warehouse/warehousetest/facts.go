package warehousetest

import (
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
)

// facts are all rows, as the query's basis and zone see them.
func (m *Model) facts(q *warehouse.Query) (facts []fact) {
	for _, c := range m.clicks {
		facts = append(facts, fact{
			table: warehouse.ClickTable, at: c.Time, test: c.Test(), adds: clickAdds(&c),
			keys:    keyer(q.Zone, c.Time, c.Account, c.Campaign, 0, "", c.Facets),
			givenUp: m.isGivenUp(warehouse.ClickTable, c.Time),
		})
	}
	for _, p := range m.postbacks {
		at, test := p.At, false
		if genuine(&p) {
			test = p.Origin.Test()
			if q.Basis == warehouse.ByClick {
				at = p.Origin.Time
			}
		}
		facts = append(facts, fact{
			table: warehouse.PostbackTable, at: at, test: test, adds: postbackAdds(&p),
			keys:    keyer(q.Zone, at, p.Account, p.Campaign, p.Goal, p.Verdict.Reason.String(), p.Facets),
			givenUp: m.isGivenUp(warehouse.PostbackTable, p.At),
		})
	}
	for _, c := range m.conversions {
		at := c.At
		if q.Basis == warehouse.ByClick {
			at = c.Click.Time
		}
		facts = append(facts, fact{
			table: warehouse.ConversionTable, at: at, test: c.Click.Test(), adds: conversionAdds(&c),
			took:    max(0, int64(c.At-c.Click.Time)),
			keys:    keyer(q.Zone, at, c.Account, c.Campaign, c.Goal, "", c.Facets),
			givenUp: m.isGivenUp(warehouse.ConversionTable, c.At),
		})
	}
	return facts
}

func keyer(zone warehouse.Zone, at homing.Millis, account homing.AccountID, campaign homing.CampaignID, goal homing.GoalID, reason string, facets warehouse.Facets) func(warehouse.Dimension) warehouse.Key {
	return func(d warehouse.Dimension) warehouse.Key {
		switch d {
		case warehouse.Account:
			return warehouse.Key{Number: int64(account)}
		case warehouse.Campaign:
			return warehouse.Key{Number: int64(campaign)}
		case warehouse.Goal:
			return warehouse.Key{Number: int64(goal)}
		case warehouse.Reason:
			return warehouse.Key{Text: reason}
		}
		if f, ok := d.Facet(); ok {
			return warehouse.Key{Text: facets[f]}
		}
		return warehouse.Key{Number: zone.KeyAt(d, at)}
	}
}

func clickAdds(c *warehouse.Click) map[warehouse.Measure]int64 {
	switch c.Class {
	case homing.Billable:
		unique := int64(0)
		if c.Unique {
			unique = 1
		}
		return map[warehouse.Measure]int64{
			warehouse.Clicks: 1, warehouse.UniqueClicks: unique,
			warehouse.Cost: int64(c.Cost), warehouse.Profit: -int64(c.Cost),
		}
	case homing.TestClick:
		return nil
	}
	return map[warehouse.Measure]int64{warehouse.BotClicks: 1}
}

func postbackAdds(p *warehouse.Postback) map[warehouse.Measure]int64 {
	adds := map[warehouse.Measure]int64{warehouse.Postbacks: p.Count}
	switch p.Verdict.Outcome {
	case homing.Duplicate:
		adds[warehouse.Duplicates] = p.Count
	case homing.Refused:
		adds[warehouse.Refusals] = p.Count
	}
	return adds
}

func conversionAdds(c *warehouse.Conversion) map[warehouse.Measure]int64 {
	value, price := int64(c.Value.Money), int64(c.Price)
	switch c.Status {
	case homing.Rejected:
		return map[warehouse.Measure]int64{warehouse.Rejected: 1, warehouse.ValueRejected: value}
	case homing.LateStatus:
		return map[warehouse.Measure]int64{warehouse.Late: 1, warehouse.ValueLate: value}
	}
	adds := map[warehouse.Measure]int64{
		warehouse.Conversions: 1, warehouse.Value: value, warehouse.Cost: price, warehouse.Profit: value - price,
		warehouse.Foreign: 0, warehouse.TimeMedian: 0, warehouse.TimeP90: 0,
	}
	if c.Flags.Has(homing.FlagCurrencyDiffers) {
		adds[warehouse.Foreign] = 1
	}
	if c.Status == homing.Approved {
		adds[warehouse.Approved] = 1
	} else {
		adds[warehouse.Pending], adds[warehouse.ValuePending] = 1, value
	}
	return adds
}

// tables tells which tables measures are of.
func tables(q *warehouse.Query) map[warehouse.Table]bool {
	of := map[warehouse.Table]bool{}
	for m := range warehouse.Measure(warehouse.MeasureCount) {
		switch {
		case !q.Measures.Has(m):
		case m <= warehouse.BotClicks:
			of[warehouse.ClickTable] = true
		case m == warehouse.Cost, m == warehouse.Profit:
			of[warehouse.ClickTable], of[warehouse.ConversionTable] = true, true
		case m == warehouse.Postbacks, m == warehouse.Duplicates, m == warehouse.Refusals:
			of[warehouse.PostbackTable] = true
		default:
			of[warehouse.ConversionTable] = true
		}
	}
	return of
}

const quarterHour = 15 * 60_000

func firstQuarter(q *warehouse.Query) homing.Millis {
	return (q.From + quarterHour - 1) / quarterHour * quarterHour
}

func lastQuarter(q *warehouse.Query) homing.Millis { return q.Until / quarterHour * quarterHour }

// gaps tells what a query cannot be told any more.
func (m *Model) gaps(q *warehouse.Query) (gaps []warehouse.Gap) {
	of := tables(q)
	for table := range warehouse.Table(3) {
		given := m.given[table].Start()
		missing := q.From < given
		if totalled(q, table) && firstQuarter(q) < lastQuarter(q) {
			// What is not whole quarters of an hour.
			missing = q.From < firstQuarter(q) && q.From < given || lastQuarter(q) < q.Until && lastQuarter(q) < given
		}
		if of[table] && m.given[table] != 0 && missing {
			gaps = append(gaps, warehouse.Gap{Table: table, Before: m.given[table]})
		}
		for _, lost := range m.lost { // the totals, too
			byClick := table == warehouse.PostbackTable && q.Basis == warehouse.ByClick
			if of[table] && lost.Table == table && q.From < lost.Before.Start() && (byClick || q.Until > lost.From.Start()) {
				gaps = append(gaps, lost)
			}
		}
	}
	return gaps
}

// totalled tells whether quarter-hour totals know all that a query speaks of.
func totalled(q *warehouse.Query, table warehouse.Table) bool {
	known := []warehouse.Dimension{
		warehouse.Account, warehouse.Campaign, warehouse.Reason,
		warehouse.OfFacet(warehouse.FacetCountry), warehouse.OfFacet(warehouse.FacetDevice),
	}
	if table == warehouse.ClickTable {
		known = append(known, warehouse.Goal)
	}
	spoken := slices.Clone(q.By)
	for _, c := range q.Where {
		spoken = append(spoken, c.Dimension)
	}
	for _, d := range spoken {
		if d.IsTime() && !keepsQuarters(q) || !d.IsTime() && !slices.Contains(known, d) {
			return false
		}
	}
	return table != warehouse.ConversionTable
}

// keepsQuarters tells whether local time moves by whole quarters of an hour
// throughout the range.
func keepsQuarters(q *warehouse.Query) bool {
	for i, s := range q.Zone {
		isOver := i+1 < len(q.Zone) && q.Zone[i+1].From <= q.From
		hasBegun := i == 0 || s.From < q.Until
		if isOver || !hasBegun {
			continue
		}
		if s.Offset%quarterHour != 0 || i > 0 && s.From > q.From && s.From%quarterHour != 0 {
			return false
		}
	}
	return true
}
