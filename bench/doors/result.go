package main

import (
	"fmt"
	"slices"
	"time"

	"homing/bench/show"
	"homing/internal/simulate/openloop"
)

// median of what is measured in each round.
func median[T any](all []T, of func(T) float64) float64 {
	var values []float64
	for _, v := range all {
		values = append(values, of(v))
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// ratio is the median of the rounds' ratios of two servers, so that what the
// machine does besides in a round meets both.
func ratio[T any](a, b []T, of func(T) float64) float64 {
	var values []float64
	for i := range min(len(a), len(b)) {
		if below := of(b[i]); below > 0 {
			values = append(values, of(a[i])/below)
		}
	}
	return median(values, func(x float64) float64 { return x })
}

func rateOf(s shot) float64     { return s.rate }
func cpuOf(s shot) float64      { return float64(s.cpu) / float64(time.Microsecond) }
func p50Of(s shot) float64      { return openloop.Millis(s.p50) }
func p99Of(s shot) float64      { return openloop.Millis(s.p99) }
func togetherOf(s shot) float64 { return s.together }
func shedOf(s shot) float64     { return s.shed }

// promise is a limit on a ratio: at most, or at least, so much; and what is aimed
// at.
type promise struct {
	letter, what string
	value        float64
	must, aim    float64
	least        bool
}

func (p promise) row(r *show.Result) []string {
	sign, met, aimed := "≤", p.value <= p.must, p.value <= p.aim
	if p.least {
		sign, met, aimed = "≥", p.value >= p.must, p.value >= p.aim
	}
	aim := show.Met
	if !aimed {
		aim = "missed"
	}
	return []string{
		p.letter, p.what, fmt.Sprintf("%s %.2f", sign, p.must), fmt.Sprintf("%.2f", p.value), r.Judge(met && p.value > 0),
		fmt.Sprintf("%s %.2f", sign, p.aim), aim,
	}
}

// promises are the ratios of the promise, with figures of this run.
func (b *bench) promises() []promise {
	first := settings[0]
	clicks, postbacks := b.clickShots[first], b.postbackShots[first]
	at := func(what string, of func(openloop.Percentiles) float64) float64 {
		return ratio(b.paced[what][ours], b.paced[what][always], of)
	}
	p50 := func(p openloop.Percentiles) float64 { return p.P50 }
	p99 := func(p openloop.Percentiles) float64 { return p.P99 }
	return []promise{
		{"a", "processor time a durable click, against nginx (not durable)", ratio(clicks[ours], clicks[limit], cpuOf), 2.2, 1.6, false},
		{"b", "processor time a durable click, against nginx + Lua + Redis always", ratio(clicks[ours], clicks[always], cpuOf), 0.45, 1. / 3, false},
		{"c", "durable clicks a second, against the same", ratio(clicks[ours], clicks[always], rateOf), 2, 2.5, true},
		{"d", "processor time a durable postback, against the same", ratio(postbacks[ours], postbacks[always], cpuOf), 0.9, 0.6, false},
		{"e", "durable postbacks a second, against the same", ratio(postbacks[ours], postbacks[always], rateOf), 1, 1.5, true},
		{"f", "median latency of clicks at 1,000/s, against the same", at("click", p50), 1, 0.7, false},
		{"f", "p99 latency of clicks at 1,000/s, against the same", at("click", p99), 1, 0.7, false},
		{"f", "median latency of postbacks at 1,000/s, against the same", at("postback", p50), 1, 0.7, false},
		{"f", "p99 latency of postbacks at 1,000/s, against the same", at("postback", p99), 1, 0.7, false},
		{"g", "processor time a new TLS connection, against nginx", ratio(b.shakes[false][ours], b.shakes[false][limit], cpuOf), 2, 1.3, false},
		{"g", "the same, session resumed", ratio(b.shakes[true][ours], b.shakes[true][limit], cpuOf), 2, 1.3, false},
		{"h", "clicks a second while reports are loaded, against without", ratio(b.busy["click"][busyOurs], b.busy["click"][ours], rateOf), 0.8, 0.9, true},
		{"h", "postbacks a second while reports are loaded, against without", ratio(b.busy["postback"][busyOurs], b.busy["postback"][ours], rateOf), 0.8, 0.9, true},
	}
}

// result puts the tables together.
func (b *bench) result() *show.Result {
	r := &show.Result{Section: "doors", Head: []string{fmt.Sprintf(
		"Medians of %d interleaved rounds of %s each; ratios are medians of the rounds' ratios. %s. Taken on %s UTC.",
		b.o.rounds, b.o.shot, show.Machine(), b.o.now().UTC().Format("2006-01-02 15:04"))}}
	table := show.Table{Head: []string{"", "ratio", "must be", "is", "must", "aim", "aim is"}}
	for _, p := range b.promises() {
		table.Rows = append(table.Rows, p.row(r))
	}
	r.Tables = append(r.Tables, table, b.shotTable("clicks", b.clickShots), b.shotTable("postbacks", b.postbackShots), b.pacedTable(), b.shakeTable(), b.busyTable())
	r.Notes = append(r.Notes,
		"Processor time is user and system of all processes of a server. wrk has one thread on the same cores, and asks for the same from all.",
		"homing's reports stand still while it is compared, since no rival has any; the last table has what they cost beside it.",
		"A click is durable, and so is a postback, before it is answered by homing and by Redis always; everysec may lose a second, nginx alone more.")
	return r
}

// shotTable has a row for each setting and server.
func (b *bench) shotTable(what string, shots map[setting]series) show.Table {
	t := show.Table{Head: []string{what + ", connections", "server", "a second", "µs processor each", "p50 ms", "p99 ms", "answered 503", "durable together"}}
	for _, how := range settings {
		label := how.String()
		for _, name := range []string{ours, limit, always, everysec} {
			all := shots[how][name]
			if len(all) == 0 {
				continue
			}
			together := ""
			if n := median(all, togetherOf); n > 0 {
				together = fmt.Sprintf("%.1f", n)
			}
			t.Rows = append(t.Rows, []string{
				label, name, show.Grouped(int64(median(all, rateOf))), fmt.Sprintf("%.1f", median(all, cpuOf)),
				fmt.Sprintf("%.2f", median(all, p50Of)), fmt.Sprintf("%.2f", median(all, p99Of)), fmt.Sprintf("%.1f %%", 100*median(all, shedOf)), together,
			})
			label = ""
		}
	}
	return t
}

func (b *bench) pacedTable() show.Table {
	t := show.Table{Head: []string{"at 1,000 a second", "server", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms"}}
	for _, what := range []string{"click", "postback"} {
		label := what + "s"
		for _, name := range []string{ours, limit, always, everysec} {
			all := b.paced[what][name]
			if len(all) == 0 {
				continue
			}
			row := []string{label, name}
			for _, of := range []func(openloop.Percentiles) float64{
				func(p openloop.Percentiles) float64 { return p.P50 }, func(p openloop.Percentiles) float64 { return p.P90 },
				func(p openloop.Percentiles) float64 { return p.P99 }, func(p openloop.Percentiles) float64 { return p.P999 },
			} {
				row = append(row, fmt.Sprintf("%.2f", median(all, of)))
			}
			t.Rows = append(t.Rows, row)
			label = ""
		}
	}
	return t
}

func (b *bench) shakeTable() show.Table {
	t := show.Table{Head: []string{"new TLS connections", "server", "a second", "µs processor each"}}
	for _, resumed := range []bool{false, true} {
		label := "ECDSA P-256, TLS 1.3"
		if resumed {
			label = "session resumed"
		}
		for _, name := range []string{ours, limit} {
			all := b.shakes[resumed][name]
			t.Rows = append(t.Rows, []string{label, name, show.Grouped(int64(median(all, rateOf))), fmt.Sprintf("%.0f", median(all, cpuOf))})
			label = ""
		}
	}
	return t
}

func (b *bench) busyTable() show.Table {
	t := show.Table{Head: []string{"reports beside it, 64 connections", "server", "a second", "µs processor each", "p99 ms"}}
	for _, what := range []string{"click", "postback"} {
		label := what + "s"
		for _, name := range []string{ours, busyOurs} {
			all := b.busy[what][name]
			t.Rows = append(t.Rows, []string{
				label, name, show.Grouped(int64(median(all, rateOf))), fmt.Sprintf("%.1f", median(all, cpuOf)), fmt.Sprintf("%.2f", median(all, p99Of)),
			})
			label = ""
		}
	}
	return t
}
