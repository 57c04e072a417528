package duckdb

import (
	"slices"
	"testing"

	"homing"
)

// partialsOf makes n partial sums of a quarter.
func partialsOf(quarter int64, n int) *partials {
	p := newPartials()
	for i := range n {
		p.at(totalKey{quarter: quarter, campaign: homing.CampaignID(i)})
	}
	return p
}

func TestAQuarterIsMergedWhenItHasDoubled(t *testing.T) {
	m := newMerging()
	now := int64(100 * quarterOfHour)
	m.note(partialsOf(now, mergeFrom))
	if due := m.due(); due != nil {
		t.Fatalf("merged with %d rows", mergeFrom)
	}
	m.note(partialsOf(now, 1))
	if due := m.due(); !slices.Equal(due, []int64{now}) {
		t.Fatalf("due is %v", due)
	}
	m.merged([]int64{now}, map[int64]int{now: 3 * mergeFrom})
	m.note(partialsOf(now, 3*mergeFrom))
	if due := m.due(); due != nil {
		t.Fatal("merged before it has doubled")
	}
	m.note(partialsOf(now, 1))
	if due := m.due(); due == nil {
		t.Fatal("not merged though it has doubled")
	}
}

func TestQuartersThatAreOverAreMergedTogether(t *testing.T) {
	m := newMerging()
	for i := range int64(25) {
		m.note(partialsOf(i*quarterOfHour, 1000))
	}
	if due := m.due(); due != nil {
		t.Fatalf("%v are due, though each came whole", due)
	}
	for i := range int64(25) {
		m.note(partialsOf(i*quarterOfHour, 1000))
	}
	if due := m.due(); len(due) != 21 {
		t.Fatalf("%d quarters are due, want those of more than an hour before the newest", len(due))
	}
	rows := map[int64]int{}
	for _, quarter := range m.due() {
		rows[quarter] = 10_000
	}
	m.merged(m.due(), rows)
	if due := m.due(); due != nil {
		t.Fatalf("%v are due", due)
	}
	for range 2 {
		for i := range int64(25) {
			m.note(partialsOf(i*quarterOfHour, 1500))
		}
	}
	if due := m.due(); due != nil {
		t.Fatalf("%v are due, though little would be saved", due)
	}
	for i := range int64(25) {
		m.note(partialsOf(i*quarterOfHour, 1500))
	}
	if due := m.due(); len(due) != 21 {
		t.Fatalf("%d quarters are due, want those a quarter of whose rows can be saved", len(due))
	}
}
