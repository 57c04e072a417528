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

// results are what is shown, and written.
func (b *bench) results() []*show.Result {
	var all []*show.Result
	if b.has(partDoors) || b.has(partStored) {
		all = append(all, b.result())
	}
	if b.has(partProfile) {
		all = append(all, b.profileResult())
	}
	return all
}

// circumstances are what the figures depend on.
func (b *bench) circumstances() string {
	return fmt.Sprintf("%s; other programs took %.0f %% of its processors before it began. Taken on %s UTC, %s in all",
		show.Machine(), 100*b.busy, b.o.now().UTC().Format("2006-01-02 15:04"), show.Duration(b.took))
}

// result puts the tables together.
func (b *bench) result() *show.Result {
	goals := b.goals()
	r := &show.Result{
		Section: "doors", Title: "The doors",
		Intro: "`make bench` installs the rivals (Debian's nginx, its Lua, Redis, wrk), builds homing, and measures clicks and postbacks beside them; the rivals' sources are in " +
			"[bench/doors/rivals](../bench/doors/rivals/README.md). It needs root only to install, some 12 GB of disk, and a machine that does nothing else.",
		Head: []string{verdict(goals), fmt.Sprintf("Medians of %d interleaved rounds of %s each (%s where no limit is); ratios are medians of the rounds' ratios. %s.",
			b.o.rounds, b.o.shot, b.o.glance, b.circumstances())},
	}
	table := show.Table{Head: []string{"", "figure", "must be", "is", "must", "aim", "aim is"}}
	for _, g := range goals {
		table.Rows = append(table.Rows, g.row(r))
	}
	table.Rows = append(table.Rows, []string{"", "clicks an fsync at 1, 16, 64, 256 connections", "", b.togetherAt(1, 16, 64, 256), "", "", ""})
	r.Tables = append(r.Tables, table)
	if b.has(partDoors) {
		r.Tables = append(r.Tables, b.shotTable("clicks", b.clickShots), b.shotTable("postbacks", b.postbackShots), b.pacedTable(), b.shakeTable(), b.besideTable())
		r.Pictures = pictures()
		r.Notes = append(r.Notes,
			"Processor time is user and system of all processes of a server. wrk has one thread on the same cores, and asks for the same from all.",
			"homing's reports stand still while it is compared, since no rival has any; the last of the doors' tables has what they cost beside it, with everything on the same cores.",
			"“Durable together” is how many clicks, or verdicts, homing made durable with an fsync, on the average.",
			"A click is durable, and so is a postback, before it is answered by homing and by Redis always; everysec may lose a second, nginx alone more.",
			fmt.Sprintf("homing's memory: %d MiB with %s clicks and postbacks recorded, %d MiB with %s.",
				b.weights[0].Resident>>20, show.Grouped(b.weights[0].Clicks), b.weights[1].Resident>>20, show.Grouped(b.weights[1].Clicks)))
	}
	if b.stored != nil {
		r.Tables = append(r.Tables, b.storedTable())
		r.Notes = append(r.Notes, fmt.Sprintf("The %s stored clicks took %s to be stored, and lie in %d files of a spool, %s in all, none of them loaded yet; the loader works on them beside. Before each start the files are thrown out of the page cache.",
			show.Grouped(b.stored.Clicks), show.Duration(b.stored.Filling), b.stored.Files, gigabytes(b.stored.Bytes)))
		if b.stored.Clicks < b.o.stored {
			r.Notes = append(r.Notes, fmt.Sprintf("There were to be %s of them, and %s were over before.", show.Grouped(b.o.stored), show.Duration(fillingTime)))
		}
	}
	return r
}

// togetherAt lists how many clicks share an fsync.
func (b *bench) togetherAt(connections ...int) string {
	var list []string
	for _, n := range connections {
		for how, shots := range b.clickShots {
			if how.connections == n && !how.close {
				list = append(list, fmt.Sprintf("%.1f", median(shots[ours], togetherOf)))
			}
		}
	}
	return strings.Join(list, ", ")
}

func gigabytes(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }

// storedTable is about what lies stored.
func (b *bench) storedTable() show.Table {
	t := show.Table{Head: []string{"", "clicks that lie stored", "median", "slowest"}}
	for _, s := range b.stored.Starts {
		timing := show.Timing{All: s.All}
		t.Rows = append(t.Rows, []string{"", "start to first 302, " + s.How, show.Duration(timing.Median()), show.Duration(timing.Max())})
	}
	for _, w := range []restart.Weight{b.stored.Few, b.stored.All} {
		t.Rows = append(t.Rows, []string{"", "memory of the server with " + show.Grouped(w.Clicks), fmt.Sprintf("%d MiB", w.Resident>>20), ""})
	}
	for _, crowd := range spoolCrowds {
		t.Rows = append(t.Rows, []string{"", fmt.Sprintf("bytes in the spool a click, %d at once", crowd), fmt.Sprintf("%.1f", b.disk.spool[crowd]), ""})
	}
	t.Rows = append(t.Rows,
		[]string{"", "bytes in the spool a click, as many at once as a block takes", fmt.Sprintf("%.1f", float64(b.stored.Bytes)/float64(max(b.stored.Clicks, 1))), ""},
		[]string{"", "bytes in the warehouse a click, of " + show.Grouped(b.disk.clicks) + ", with conversions, postbacks and totals", fmt.Sprintf("%.1f", b.disk.warehouse), ""})
	return t
}

// shotTable has a row for each setting and server.
func (b *bench) shotTable(what string, shots map[setting]series) show.Table {
	t := show.Table{Head: []string{what + ", connections", "server", "a second", "µs processor each", "p50 ms", "p99 ms", "answered 503", "durable together"}}
	for _, how := range settings {
		label := how.String()
		for _, name := range rivals {
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
	t := show.Table{Head: []string{"at 1,000 a second", "server"}}
	for _, p := range percentiles {
		t.Head = append(t.Head, p.name+" ms")
	}
	for _, what := range []string{"click", "postback"} {
		label := what + "s"
		for _, name := range rivals {
			all := b.paced[what][name]
			if len(all) == 0 {
				continue
			}
			row := []string{label, name}
			for _, p := range percentiles {
				row = append(row, fmt.Sprintf("%.2f", median(all, p.of)))
			}
			t.Rows = append(t.Rows, row)
			label = ""
		}
	}
	return t
}

func (b *bench) shakeTable() show.Table {
	t := show.Table{Head: []string{"new TLS connections", "server", "a second", "µs processor each"}}
	for _, how := range shakes {
		label := how.String()
		for _, name := range []string{ours, limit} {
			all := b.shakes[how][name]
			if len(all) == 0 {
				continue
			}
			t.Rows = append(t.Rows, []string{label, name, show.Grouped(int64(median(all, rateOf))), fmt.Sprintf("%.0f", median(all, cpuOf))})
			label = ""
		}
	}
	return t
}

func (b *bench) besideTable() show.Table {
	t := show.Table{Head: []string{"the loader beside it, 64 connections", "server", "a second", "µs processor each", "p99 ms"}}
	for _, what := range []string{"click", "postback"} {
		label := what + "s"
		for _, name := range []string{ours, busyOurs} {
			all := b.beside[what][name]
			t.Rows = append(t.Rows, []string{
				label, name, show.Grouped(int64(median(all, rateOf))), fmt.Sprintf("%.1f", median(all, cpuOf)), fmt.Sprintf("%.2f", median(all, p99Of)),
			})
			label = ""
		}
	}
	return t
}
