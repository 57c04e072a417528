package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homing/bench/restart"
	"homing/bench/show"
	"homing/internal/simulate/openloop"
)

// goal is a limit on a figure: at most, or at least, so much; and what is aimed
// at.
type goal struct {
	letter, what string
	part         string // that measures it
	value        float64
	known        bool // it was measured
	must, aim    float64
	least        bool
	unit         string // behind figures
	digits       int
}

// figure writes a figure of the goal.
func (g *goal) figure(v float64) string { return fmt.Sprintf("%.*f%s", g.digits, v, g.unit) }

// within tells whether the figure is on the right side of a bound, as it is
// written.
func (g *goal) within(bound float64) bool {
	if g.least {
		return g.value >= bound
	}
	return g.value <= bound
}

func (g *goal) row(r *show.Result) []string {
	sign := "≤ "
	if g.least {
		sign = "≥ "
	}
	row := []string{g.letter, g.what, sign + g.figure(g.must), "", "", sign + g.figure(g.aim), ""}
	if !g.known {
		row[3] = "not measured"
		return row
	}
	row[3], row[4], row[6] = g.figure(g.value), r.Judge(g.within(g.must)), "missed"
	if g.within(g.aim) {
		row[6] = show.Met
	}
	return row
}

// ratioGoal is a goal on a ratio, which is known if it is above 0.
func ratioGoal(letter, what string, value, must, aim float64, least bool) goal {
	return goal{letter: letter, what: what, value: value, known: value > 0, must: must, aim: aim, least: least, unit: " ×", digits: 2}
}

// goals are those of the promise, with figures of this run.
func (b *bench) goals() []goal {
	first := settings[0]
	clicks, postbacks := b.clickShots[first], b.postbackShots[first]
	paced := func(what string, of func(openloop.Percentiles) float64) float64 {
		return ratio(b.paced[what][ours], b.paced[what][always], of)
	}
	p50 := func(p openloop.Percentiles) float64 { return p.P50 }
	p99 := func(p openloop.Percentiles) float64 { return p.P99 }
	beside := func(what string) float64 {
		return ratio(b.beside[what][busyOurs], b.beside[what][ours], rateOf)
	}
	goals := []goal{
		ratioGoal("a", "processor time a durable click, against nginx (not durable)", ratio(clicks[ours], clicks[limit], cpuOf), 2.2, 1.6, false),
		ratioGoal("b", "processor time a durable click, against nginx + Lua + Redis always", ratio(clicks[ours], clicks[always], cpuOf), 0.45, 1./3, false),
		ratioGoal("c", "durable clicks a second, against the same", ratio(clicks[ours], clicks[always], rateOf), 2, 2.5, true),
		ratioGoal("d", "processor time a durable postback, against the same", ratio(postbacks[ours], postbacks[always], cpuOf), 0.9, 0.6, false),
		ratioGoal("e", "durable postbacks a second, against the same", ratio(postbacks[ours], postbacks[always], rateOf), 1, 1.5, true),
		ratioGoal("f", "median latency of clicks at 1,000/s, against the same", paced("click", p50), 1, 0.7, false),
		ratioGoal("f", "p99 latency of clicks at 1,000/s, against the same", paced("click", p99), 1, 0.7, false),
		ratioGoal("f", "median latency of postbacks at 1,000/s, against the same", paced("postback", p50), 1, 0.7, false),
		ratioGoal("f", "p99 latency of postbacks at 1,000/s, against the same", paced("postback", p99), 1, 0.7, false),
	}
	goals = append(goals, b.storedGoals()...)
	return append(goals,
		ratioGoal("j", "processor time a new TLS connection, against nginx", ratio(b.shakes[fresh][ours], b.shakes[fresh][limit], cpuOf), 2, 1.3, false),
		ratioGoal("j", "the same, session resumed", ratio(b.shakes[resumed][ours], b.shakes[resumed][limit], cpuOf), 2, 1.3, false),
		ratioGoal("k", "clicks a second while the loader runs, against without", beside("click"), 0.8, 0.9, true),
		ratioGoal("k", "postbacks a second while the loader runs, against without", beside("postback"), 0.8, 0.9, true),
		b.timeGoal())
}

// storedGoals are those of clicks that lie stored.
func (b *bench) storedGoals() []goal {
	stored := b.stored
	known := stored != nil
	if !known {
		stored = &restart.Result{}
	}
	slowest := time.Duration(0)
	for _, s := range stored.Starts {
		slowest = max(slowest, slices.Max(s.All))
	}
	count := show.Grouped(stored.Clicks)
	if !known {
		count = show.Grouped(b.o.stored)
	}
	bytesOnDisk := func(what string, value, must, aim float64) goal {
		return goal{letter: "i", what: what, value: value, known: known, must: must, aim: aim, unit: " B", digits: 1}
	}
	memory := goal{letter: "g", what: "memory a stored click, of " + count + " (servers differ by as much)", value: max(0, stored.PerClick()), known: known, must: 0.5, aim: 0.5, unit: " B", digits: 2}
	return []goal{
		memory,
		{letter: "h", what: "start to first 302 with " + count + " clicks stored, slowest", value: slowest.Seconds(), known: known && slowest > 0, must: 1, aim: 1, unit: " s", digits: 2},
		bytesOnDisk("bytes on disk a click, spool, 64 at once", b.disk.spool[64], 100, 80),
		bytesOnDisk("bytes on disk a click, warehouse", b.disk.warehouse, 80, 70),
	}
}

// longestRun is how long everything may take, in minutes.
const longestRun = 30

// timeGoal is about the run itself, which is whole only with all parts.
func (b *bench) timeGoal() goal {
	return goal{letter: "l", what: "`make bench`, from installing the rivals to these tables", part: partDoors,
		value: b.took.Minutes(), known: len(b.o.parts) == len(allParts), must: longestRun, aim: longestRun, unit: " min", digits: 1}
}

// verdict says in a sentence what was met.
func verdict(goals []goal) string {
	var missed, aims, unknown []string
	for _, g := range goals {
		name := g.letter + " (" + g.what + ")"
		switch {
		case !g.known:
			if !slices.Contains(unknown, g.letter) {
				unknown = append(unknown, g.letter)
			}
		case !g.within(g.must):
			missed = append(missed, name)
		case !g.within(g.aim):
			aims = append(aims, name)
		}
	}
	text := "**All musts met.**"
	if len(missed) > 0 {
		text = "**Musts missed: " + strings.Join(missed, "; ") + ".**"
	}
	if len(aims) > 0 {
		text += " Aims missed: " + strings.Join(aims, "; ") + "."
	} else if len(missed) == 0 {
		text += " All aims met."
	}
	if len(unknown) > 0 {
		text += " Not measured: " + strings.Join(unknown, ", ") + "."
	}
	return text
}
