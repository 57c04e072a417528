package traffic

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// Books are what reports on a stream must come to: figures by local day and
// campaign.
type Books struct {
	First warehouse.Day // local
	Days  [][]Figures   // by day from First, by campaign number - 1
}

// Figures are what is counted of a campaign on a day; conversions stand on the
// day they arrived.
type Figures struct {
	Clicks, Unique int64
	Cost           homing.Money // of clicks and conversions
	Conversions    int64
	Value          homing.Money
}

func newBooks(zone warehouse.Zone, from, until homing.Millis) *Books {
	b := &Books{First: warehouse.Day(zone.KeyAt(warehouse.DayOf, from))}
	last := warehouse.Day(zone.KeyAt(warehouse.DayOf, until-1))
	for range last - b.First + 1 {
		b.Days = append(b.Days, make([]Figures, CampaignCount))
	}
	return b
}

// At are the figures of a campaign on a local day.
func (b *Books) At(on warehouse.Day, campaign homing.CampaignID) *Figures {
	return &b.Days[on-b.First][campaign-1]
}

func (b *Books) click(row *warehouse.Click, on warehouse.Day) {
	if row.Class != homing.Billable {
		return
	}
	f := b.At(on, row.Campaign)
	f.Clicks++
	f.Cost += row.Cost
	if row.Unique {
		f.Unique++
	}
}

// version notes that a conversion came to stand as it does; it was counted
// before if it is its second version.
func (b *Books) version(conv *homing.Conversion, on warehouse.Day, counted bool) {
	sign := int64(1)
	switch {
	case counted == conv.Status.InTotals():
		return
	case counted:
		sign = -1
	}
	f := b.At(on, conv.Campaign)
	f.Conversions += sign
	f.Value += homing.Money(sign) * conv.Value.Money
	f.Cost += homing.Money(sign) * conv.Price
}
