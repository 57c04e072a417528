package main

import (
	"strings"
	"testing"

	"homing/bench/show"
)

func TestGoalsAreJudgedByTheSideTheyAreOn(t *testing.T) {
	for _, c := range []struct {
		name      string
		goal      goal
		must, aim string
	}{
		{"at most, met", goal{value: 1.5, known: true, must: 2, aim: 1.6}, show.Met, show.Met},
		{"at most, aim missed", goal{value: 1.8, known: true, must: 2, aim: 1.6}, show.Met, "missed"},
		{"at most, missed", goal{value: 2.1, known: true, must: 2, aim: 1.6}, show.Missed, "missed"},
		{"at least, met", goal{value: 2.6, known: true, must: 2, aim: 2.5, least: true}, show.Met, show.Met},
		{"at least, missed", goal{value: 1.9, known: true, must: 2, aim: 2.5, least: true}, show.Missed, "missed"},
		{"not measured", goal{must: 2, aim: 2.5, least: true}, "", ""},
	} {
		var r show.Result
		row := c.goal.row(&r)
		if row[4] != c.must || row[6] != c.aim {
			t.Errorf("%s: %q", c.name, row)
		}
		if r.Missed() != (c.must == show.Missed) {
			t.Errorf("%s: the run is said to have missed: %v", c.name, r.Missed())
		}
	}
}

func TestTheVerdictNamesWhatIsMissed(t *testing.T) {
	good := goal{letter: "a", what: "one", value: 1, known: true, must: 2, aim: 2}
	bad := goal{letter: "b", what: "two", value: 3, known: true, must: 2, aim: 2}
	none := goal{letter: "c", what: "three", must: 2, aim: 2}
	if got := verdict([]goal{good}); got != "**All musts met.** All aims met." {
		t.Error(got)
	}
	got := verdict([]goal{good, bad, none})
	if !strings.HasPrefix(got, "**Musts missed: b (two).**") || !strings.Contains(got, "Not measured: c.") {
		t.Error(got)
	}
}

// TestTheFirstSettingIsTheOneThatLimitsAreFor, and every figure has its shots.
func TestTheFirstSettingIsTheOneThatLimitsAreFor(t *testing.T) {
	if settings[0].brief || settings[0].connections != 64 || settings[0].close {
		t.Errorf("limits are for %+v", settings[0])
	}
	for _, how := range settings[1:] {
		if how.connections > maxConnections {
			t.Errorf("%+v has more than maxConnections", how)
		}
		if !how.brief {
			t.Errorf("%+v takes as long as what limits are for", how)
		}
	}
}
