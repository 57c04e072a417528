package loader

import (
	"strings"
	"testing"
	"time"

	"homing/internal/engine/warehouse"
)

const tenYears = 10 * 365 * 24 * time.Hour

// minutes has days seen to so often, a minute apart.
func (h *house) minutes(n int) {
	h.t.Helper()
	for range n {
		h.pass(time.Minute)
		h.lookAtClock(time.Minute)
	}
	h.catchUp()
	h.must(h.seeToDays(h.t.Context()))
}

// nothingWent wants every click in the warehouse, no day sealed and the spool
// whole.
func (h *house) nothingWent(clicks int, when string) {
	h.t.Helper()
	c := h.contents()
	if len(c.clicks) != clicks || len(h.warehouse.sealed) != 0 || h.spool.Oldest() != 0 {
		h.t.Fatalf("%s: %d clicks of %d, %d days sealed, the spool begins at %d",
			when, len(c.clicks), clicks, len(h.warehouse.sealed), h.spool.Oldest())
	}
}

// Clicks that are recorded while the clock is years ahead are no witness that
// those of before are old, nor is a start of then.
func TestAClockYearsAheadGivesNothingUp(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.KeepClicks = 4 * 24 * time.Hour }).run()
	h.bulk(400)
	h.minutes(2)
	h.stop()
	h.bulk(100) // not loaded yet
	h.pass(tenYears)
	h.run()
	h.catchUp()
	h.minutes(1)
	h.bulk(1)
	h.minutes(3)
	h.nothingWent(501, "the clock was set years ahead")
	notices := func() string { return strings.Join(h.Notices(), "\n") }
	if n := notices(); !strings.Contains(n, "the clock stood at 2036-11-17 12:03 UTC, 3650 days ahead of") {
		t.Errorf("notices %q", n)
	}
	h.again()
	h.bulk(1)
	h.minutes(2*24*60 - 30)
	h.nothingWent(502, "a start while the clock is ahead")
	h.pass(-tenYears - 47*time.Hour)
	h.minutes(2)
	h.bulk(1)
	h.nothingWent(502, "the clock is right again")
	if n := notices(); !strings.Contains(n, "3652 days behind") && !strings.Contains(n, "3651 days behind") {
		t.Errorf("notices %q", n)
	}
	h.minutes(5 * 24 * 60)
	if n := notices(); strings.Contains(n, "the clock") {
		t.Errorf("it is told on: %q", n)
	}
	c := h.contents()
	for _, row := range c.clicks {
		if row.Time < noon+1 && warehouse.DayAt(row.Time) == warehouse.DayAt(noon) {
			t.Fatalf("%d clicks; what is old is not given up when the clock has been right for long", len(c.clicks))
		}
	}
}

// A clock that nobody knows yet is not believed, and nobody has to hear of it.
func TestANewClockIsBelievedAfterTwoDays(t *testing.T) {
	h := newHouse(t, nil).run()
	h.again() // its state is of nobody
	h.bulk(10)
	h.minutes(47 * 60)
	if h.ClockIsSteady() || len(h.warehouse.sealed) != 0 {
		t.Error("believed before")
	}
	if n := strings.Join(h.Notices(), "\n"); strings.Contains(n, "the clock") {
		t.Errorf("notices %q", n)
	}
	h.minutes(61)
	if !h.ClockIsSteady() || len(h.warehouse.sealed) == 0 {
		t.Error("not believed after two days")
	}
}

// A house that is ended every evening gets there, one that was away for long
// begins anew.
func TestSteadinessAcrossRestarts(t *testing.T) {
	h := newHouse(t, nil).run()
	h.again()
	days := 0
	for ; !h.ClockIsSteady() && days < 10; days++ {
		h.pass(14 * time.Hour)
		h.again()
		h.minutes(10 * 60)
		h.bulk(1) // what is known of the clock is kept with it
		h.catchUp()
	}
	if days != 5 {
		t.Errorf("believed after %d days of ten hours", days)
	}
	h.stop()
	h.pass(47 * time.Hour)
	h.again()
	h.catchUp()
	if !h.ClockIsSteady() {
		t.Error("a weekend is a step")
	}
	h.bulk(1)
	h.minutes(1)
	h.pass(49 * time.Hour)
	h.again()
	h.catchUp()
	h.minutes(1)
	if n := strings.Join(h.Notices(), "\n"); h.ClockIsSteady() || !strings.Contains(n, "the clock stood at") {
		t.Errorf("after two days away it is believed at once; notices %q", n)
	}
}
