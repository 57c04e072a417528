package compare

import (
	"strings"
	"testing"
	"time"

	"homing"
)

func day(count int64, value homing.Value, views ...View) *Day {
	for i := range views {
		if views[i].Zone == nil {
			views[i].Zone = time.UTC
		}
	}
	d := &Day{Question: DayQuestion{Date: "2026-03-02", Count: count, Value: value}, Views: views}
	d.Fits = fits(count, value, views)
	return d
}

func TestWordsSayWhatFits(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	view := func(zone *time.Location, byClick bool, f Figures) View {
		return View{Zone: zone, ByClick: byClick, Figures: f}
	}
	for name, c := range map[string]struct {
		day  *Day
		want []string
	}{
		"one": {day(214, homing.Value{}, view(berlin, false, Figures{Conversions: 210}), view(berlin, true, Figures{Conversions: 214})),
			[]string{"Your 214 = our 214 conversions by click time in Europe/Berlin."}},
		"value too": {day(3, cents(630), view(time.UTC, false, Figures{Conversions: 3, Value: cents(630)})),
			[]string{"Your 3 = our 3 conversions by conversion time in UTC.", "The value is the same, too: 6.30."}},
		"value decides": {day(3, cents(630), view(time.UTC, false, Figures{Conversions: 3, Value: cents(600)}), view(time.UTC, true, Figures{Conversions: 3, Value: cents(630)})),
			[]string{"Your 3 = our 3 conversions by click time in UTC.", "The value is the same"}},
		"value differs": {day(3, cents(630), view(time.UTC, false, Figures{Conversions: 3, Value: cents(600)})),
			[]string{"The value is not: you have 6.30, we have 6.00."}},
		"both bases": {day(3, homing.Value{}, view(time.UTC, false, Figures{Conversions: 3}), view(time.UTC, true, Figures{Conversions: 3})),
			[]string{"by conversion time in UTC.", "It would also fit by click time in UTC."}},
		"late ones": {day(12, homing.Value{}, view(time.UTC, false, Figures{Conversions: 10, Late: 2})),
			[]string{"Your 12 = our 10 conversions plus 2 late by conversion time in UTC.", "what is in no total"}},
		"late and rejected": {day(13, homing.Value{}, view(time.UTC, false, Figures{Conversions: 10, Late: 2, Rejected: 1})),
			[]string{"our 10 conversions plus 2 late and 1 rejected by"}},
		"plain before clever": {day(10, homing.Value{}, view(time.UTC, false, Figures{Conversions: 8, Late: 2}), view(berlin, true, Figures{Conversions: 10})),
			[]string{"by click time in Europe/Berlin."}},
		"approved": {day(7, homing.Value{}, view(time.UTC, false, Figures{Conversions: 10, Approved: 7, Pending: 3})),
			[]string{"our 7 approved conversions, without 3 pending ones, by conversion time"}},
		"nothing": {day(20, homing.Value{}, view(time.UTC, false, Figures{Conversions: 10, Refusals: 4})),
			[]string{"No way of counting gives exactly 20. The closest is by conversion time in UTC: our 10 conversions plus 4 refused, which is 6 fewer than yours.", "never arrived", "4 calls were refused"}},
		"too many": {day(1, homing.Value{}, view(time.UTC, false, Figures{Conversions: 2})), []string{"which is 1 more than yours", "your tracker does not show"}},
		"none":     {day(0, homing.Value{}, view(time.UTC, false, Figures{})), []string{"Your 0 = our 0 conversions"}},
	} {
		got := strings.Join(c.day.Words(), " ")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q does not say %q", name, got, want)
			}
		}
	}
}

func TestZonesInWhichTheDayIsTheSameAreOne(t *testing.T) {
	berlin, _ := time.LoadLocation("Europe/Berlin")
	paris, _ := time.LoadLocation("Europe/Paris")
	views := zonesOf(&DayQuestion{Date: "2026-03-02", Zone: berlin, Ours: paris})
	if len(views) != 2 || views[0].Whose != "yours and ours" || views[1].Zone != time.UTC {
		t.Errorf("%+v", views)
	}
	if views := zonesOf(&DayQuestion{Date: "2026-03-02", Zone: time.UTC, Ours: time.UTC}); len(views) != 1 {
		t.Errorf("%+v", views)
	}
}
