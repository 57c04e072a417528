package main

import (
	"fmt"
	"time"

	"homing/internal/engine/warehouse"
)

// bytesPerClick is the limit of what a click may take on disk, with its share
// of everything else in the file.
const bytesPerClick = 70

// rowsPerSecond is what the loader must come to while it is behind.
const rowsPerSecond = 150_000

// ownColumns are those of the warehouse's clicks beside the facets.
const ownColumns = 10

// figureTable has what is no question: size, load, memory.
func (b *bench) figureTable(r *result) table {
	l, s := &b.state.Loaded, &b.rival.Loaded
	t := table{head: []string{"", "figure", "limit", "measured", "limit is", "SQLite"}}
	add := func(letter, what, limit, measured, sqlite, verdict string) {
		t.rows = append(t.rows, []string{letter, what, limit, measured, verdict, sqlite})
	}
	size, rivalSize := per(l.Bytes, l.Clicks), ""
	if s.Clicks > 0 {
		rivalSize = fmt.Sprintf("%.1f, of half the columns", per(s.Bytes, s.Clicks))
	}
	add("e", "bytes on disk a click, with conversions, postbacks and totals", fmt.Sprint(bytesPerClick),
		fmt.Sprintf("%.1f", size), rivalSize, r.judge(size <= bytesPerClick))
	add("", "bytes a row of a sealed day's archive", "", fmt.Sprintf("%.1f", per(b.seal.Bytes, b.seal.Rows)), "", quoted)
	if b.sealing > 0 {
		add("", fmt.Sprintf("sealing a day of %s rows", grouped(b.seal.Rows)), "", duration(b.sealing), "", quoted)
	}
	rivalRate := ""
	if s.Clicks > 0 {
		rivalRate = rate(s.Clicks, s.Took)
	}
	c := &b.caught
	add("g", "rows a second while the loader catches up, from records in spool and ledger", grouped(rowsPerSecond), rate(c.rows, c.took), "",
		r.judge(float64(c.rows) >= rowsPerSecond*c.took.Seconds()))
	add("", "processor time a row meanwhile, server + warehouse process", "", processor(c.parent, c.child, c.rows), "", quoted)
	add("", "rows that lie ready loaded a second, in batches of "+grouped(batchClicks)+" clicks", "", rate(l.Rows, l.Took), rivalRate, quoted)
	add("", "processor time a row, server + warehouse process", "", processor(l.ParentTime, l.ChildTime, l.Rows), "", quoted)
	add("", "memory at most, server with generator + warehouse process", "",
		fmt.Sprintf("%s + %s", mebibytes(l.ParentPeak), mebibytes(l.ChildPeak)), "", quoted)
	if b.live.seconds > 0 || b.live.err != nil {
		b.liveFigures(r, add)
	}
	return t
}

func processor(parent, child time.Duration, rows int64) string {
	if child == 0 {
		return "not told on this system"
	}
	of := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) / float64(rows) }
	return fmt.Sprintf("%.2f + %.2f µs", of(parent), of(child))
}

// liveFigures tell how the load went beside the questions.
func (b *bench) liveFigures(r *result, add func(letter, what, limit, measured, sqlite, verdict string)) {
	v := &b.live
	if v.err != nil {
		r.errors = append(r.errors, "loading beside questions: "+v.err.Error())
		return
	}
	add("f", fmt.Sprintf("behind at most, %s clicks/s for %d s beside questions", grouped(int64(b.rate)), v.seconds),
		"", duration(v.late), "", quoted)
	add("", "loading a second's rows meanwhile, median; slowest", "",
		duration(v.loads.median())+"; "+duration(v.loads.max()), "", quoted)
}

// note tells how the figures came about.
func (b *bench) note(r *result) {
	note := func(format string, args ...any) { r.notes = append(r.notes, fmt.Sprintf(format, args...)) }
	note("Questions go through the report engine, from parameters to table: clicks, unique clicks, conversions, value, cost, CR and EPC, with totals. "+
		"Each is asked %d times after %d that do not count (%d while loading); a limit is for the slowest, or for the median of the clicks by id, of which 99 in 100 took no longer than the slowest. "+
		"While loading, the median may be twice the quiet one.", quietRuns, warmRuns, liveRuns)
	if b.reused {
		note("The warehouse was filled on %s; size, load rate and memory are of then.", b.state.Loaded.At.UTC().Format("2006-01-02 15:04 UTC"))
	}
	s := &b.rival
	if s.Loaded.Clicks == 0 {
		note("SQLite was left out.")
		return
	}
	note("SQLite %s has a table of 12 columns (the warehouse: %d) and an index on (campaign, time); filled without fsync at %s clicks a second, "+
		"%s of them for the index. Questions are asked up to %d times, until %s have passed.",
		s.version, ownColumns+warehouse.FacetCount, rate(s.Loaded.Clicks, s.Loaded.Took), duration(s.Loaded.Index), quietRuns, duration(patience))
	if s.Share < million {
		why := "as asked for"
		if b.sqliteClicks < 0 {
			why = fmt.Sprintf("because more would have taken longer than %s, or the disk's room", b.sqliteTime)
		}
		note("SQLite has %s of the %s clicks, taken at random, %s. Its times are not scaled up, so the ratios are too small.",
			grouped(s.Loaded.Clicks), grouped(b.clicks), why)
	}
}

func per(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func rate(n int64, took time.Duration) string {
	if took <= 0 {
		return ""
	}
	return grouped(int64(float64(n) / took.Seconds()))
}

func mebibytes(n int64) string { return grouped(n>>20) + " MiB" }
