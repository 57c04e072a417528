package report_test

import (
	"testing"
	"time"

	"homing"
	"homing/internal/flow/report"
)

// What a calendar's field sends is a time of the question's zone.
func TestTimesWithoutAnOffsetAreOfTheZone(t *testing.T) {
	q, err := report.Parse(map[string][]string{
		"by": {"none"}, "from": {"2026-03-02T10:30"}, "to": {"2026-03-02T11:30:15"}, "tz": {"Europe/Berlin"},
	}, report.Defaults{Now: homing.MillisOf(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	from, until := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC), time.Date(2026, 3, 2, 10, 30, 15, 0, time.UTC)
	if q.From != homing.MillisOf(from) || q.Until != homing.MillisOf(until) {
		t.Errorf("the range is %s to %s", q.From, q.Until)
	}
}

// A fault is told once, however often it was made.
func TestAFaultIsToldOnce(t *testing.T) {
	_, err := report.Parse(map[string][]string{"by": {",,,"}}, report.Defaults{Now: homing.Epoch + 1})
	faults, ok := err.(*report.Faults)
	if !ok || len(faults.List) != 1 {
		t.Errorf("the faults are %v", err)
	}
}
