package main

import (
	"testing"
	"time"

	"homing/bench/show"
)

func TestVerdicts(t *testing.T) {
	runs := func(ms ...int) (t show.Timing) {
		for _, n := range ms {
			t.All = append(t.All, time.Duration(n)*time.Millisecond)
		}
		return t
	}
	for _, c := range []struct {
		name         string
		quiet, live  show.Timing
		within       time.Duration
		limit, twice string
	}{
		{"all within", runs(80, 90, 99), runs(150, 160, 900), 100 * time.Millisecond, show.Met, show.Met},
		{"one run over the limit", runs(80, 90, 101), show.Timing{}, 100 * time.Millisecond, show.Missed, ""},
		{"more than twice as slow while loading", runs(10, 10, 10), runs(21, 21, 21), 100 * time.Millisecond, show.Met, show.Missed},
		{"without a limit", runs(5000), show.Timing{}, 0, "", ""},
	} {
		var r show.Result
		row := newRow("x", c.name, c.within)
		(&bench{}).times(&r, row, &c.quiet, &show.Timing{}, &c.live, c.within)
		if row[inLimit] != c.limit || row[inTwice] != c.twice || r.Missed() != (c.limit == show.Missed || c.twice == show.Missed) {
			t.Errorf("%s: got %q, %q (missed: %v), want %q, %q", c.name, row[inLimit], row[inTwice], r.Missed(), c.limit, c.twice)
		}
	}
}
