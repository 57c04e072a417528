package report

import (
	"homing/internal/engine/warehouse"
)

// alignment ties the buckets of a range to those of the range it is compared
// with, one by one from the beginning. By dimension, as in the question's By;
// nil where keys stay what they are.
type alignment struct {
	zone    warehouse.Zone
	buckets []map[int64]int64
	// all tells that every dimension is of time, so that the other range needs
	// no narrowing.
	all bool
}

func align(q *Question) alignment {
	a := alignment{all: true, zone: warehouse.ZoneOf(q.Zone, q.OtherFrom, q.OtherUntil)}
	zone := warehouse.ZoneOf(q.Zone, q.From, q.Until)
	for _, d := range q.By {
		var to map[int64]int64
		if aligned(d) {
			to = pair(buckets(d, zone, q.From, q.Until), buckets(d, a.zone, q.OtherFrom, q.OtherUntil))
		}
		a.buckets = append(a.buckets, to)
		a.all = a.all && d.IsTime()
	}
	return a
}

func pair(here, there []int64) map[int64]int64 {
	to := make(map[int64]int64, len(here))
	for i := range min(len(here), len(there)) {
		to[here[i]] = there[i]
	}
	return to
}

// keys are the keys of a row in the other range; ok is false if that range has
// no such bucket.
func (a *alignment) keys(keys []warehouse.Key) (other []warehouse.Key, ok bool) {
	other = make([]warehouse.Key, len(keys))
	for i, k := range keys {
		other[i] = k
		if to := a.buckets[i]; to != nil {
			n, found := to[k.Number]
			if !found {
				return nil, false
			}
			other[i].Number = n
		}
	}
	return other, true
}

// otherQuery is the query over the other range.
func (p *plan) otherQuery() warehouse.Query {
	q := p.query
	q.From, q.Until, q.Zone = p.question.OtherFrom, p.question.OtherUntil, p.other.zone
	q.Order, q.Limit, q.Total = nil, warehouse.MaxRows, false
	return q
}
