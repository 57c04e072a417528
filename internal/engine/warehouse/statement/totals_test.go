//go:build cgo

package statement_test

import (
	"homing"
	"homing/internal/engine/warehouse"
)

type totalKey struct {
	kind, quarter, campaign, account int64
	country, device, reason          string
	// piece: rows of one second load are not merged with those of the next.
	piece int64
}

// totals are quarter-hour totals being made: clicks, uniques, bots, cost,
// postbacks, duplicates, refusals.
type totals map[totalKey]*[7]int64

func (s totals) add(key totalKey, sums [7]int64) {
	key.piece = key.quarter / 1000 % 2
	key.quarter -= key.quarter % 900_000
	if s[key] == nil {
		s[key] = &[7]int64{}
	}
	for i, n := range sums {
		s[key][i] += n
	}
}

func (s totals) click(c *warehouse.Click) {
	if c.Test() {
		return
	}
	var sums [7]int64
	switch c.Class {
	case homing.TestClick:
		return
	case homing.Billable:
		sums = [7]int64{1, bit(c.Unique), 0, int64(c.Cost)}
	default:
		sums[2] = 1
	}
	s.add(totalKey{
		quarter: int64(c.Time), campaign: int64(c.Campaign), account: int64(c.Account),
		country: c.Facets[warehouse.FacetCountry], device: c.Facets[warehouse.FacetDevice],
	}, sums)
}

func (s totals) postback(p *warehouse.Postback, base homing.Millis) {
	if p.Postback.Click != (homing.ClickID{}) && p.Origin.Test() {
		return
	}
	sums := [7]int64{4: p.Count}
	switch p.Verdict.Outcome {
	case homing.Duplicate:
		sums[5] = p.Count
	case homing.Refused:
		sums[6] = p.Count
	}
	key := totalKey{
		kind: 1, quarter: int64(p.At), campaign: int64(p.Campaign), account: int64(p.Account),
		country: p.Facets[warehouse.FacetCountry], device: p.Facets[warehouse.FacetDevice], reason: p.Verdict.Reason.String(),
	}
	s.add(key, sums)
	key.kind, key.quarter = 2, int64(base)
	s.add(key, sums)
}

func (s totals) rows() (rows [][]any) {
	for k, sums := range s {
		row := []any{k.kind, k.quarter, k.campaign, k.account, k.country, k.device, k.reason}
		for _, n := range sums {
			row = append(row, n)
		}
		rows = append(rows, row)
	}
	return rows
}

func bit(set bool) int64 {
	if set {
		return 1
	}
	return 0
}
