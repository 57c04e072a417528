package main

import (
	"fmt"
	"time"

	"homing/bench/show"
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
func (b *bench) figureTable(r *show.Result) show.Table {
	l, s := &b.state.Loaded, &b.rival.Loaded
	t := show.Table{Head: []string{"", "figure", "limit", "measured", "limit is", "SQLite"}}
	add := func(letter, what, limit, measured, sqlite, verdict string) {
		t.Rows = append(t.Rows, []string{letter, what, limit, measured, verdict, sqlite})
	}
	size, rivalSize := per(l.Bytes, l.Clicks), ""
	if s.Clicks > 0 {
		rivalSize = fmt.Sprintf("%.1f, of half the columns", per(s.Bytes, s.Clicks))
	}
	add("e", "bytes on disk a click, with conversions, postbacks and totals", fmt.Sprint(bytesPerClick),
		fmt.Sprintf("%.1f", size), rivalSize, r.Judge(size <= bytesPerClick))
	add("", "bytes a row of a sealed day's archive", "", fmt.Sprintf("%.1f", per(b.seal.Bytes, b.seal.Rows)), "", show.Quoted)
	if b.sealing > 0 {
		add("", fmt.Sprintf("sealing a day of %s rows", show.Grouped(b.seal.Rows)), "", show.Duration(b.sealing), "", show.Quoted)
	}
	rivalRate := ""
	if s.Clicks > 0 {
		rivalRate = rate(s.Clicks, s.Took)
	}
	c := &b.caught
	add("g", "rows a second while the loader catches up, from records in spool and ledger", show.Grouped(rowsPerSecond), rate(c.rows, c.took), "",
		r.Judge(float64(c.rows) >= rowsPerSecond*c.took.Seconds()))
	add("", "processor time a row meanwhile, server + warehouse process", "", processor(c.parent, c.child, c.rows), "", show.Quoted)
	add("", "rows that lie ready loaded a second, in batches of "+show.Grouped(batchClicks)+" clicks", "", rate(l.Rows, l.Took), rivalRate, show.Quoted)
	add("", "processor time a row, server + warehouse process", "", processor(l.ParentTime, l.ChildTime, l.Rows), "", show.Quoted)
	add("", "memory at most, server with generator + warehouse process", "",
		fmt.Sprintf("%s + %s", mebibytes(l.ParentPeak), mebibytes(l.ChildPeak)), "", show.Quoted)
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
func (b *bench) liveFigures(r *show.Result, add func(letter, what, limit, measured, sqlite, verdict string)) {
	v := &b.live
	if v.err != nil {
		r.Errors = append(r.Errors, "loading beside questions: "+v.err.Error())
		return
	}
	add("f", fmt.Sprintf("behind at most, %s clicks/s for %d s beside questions", show.Grouped(int64(b.rate)), v.seconds),
		"", show.Duration(v.late), "", show.Quoted)
	add("", "loading a second's rows meanwhile, median; slowest", "",
		show.Duration(v.loads.Median())+"; "+show.Duration(v.loads.Max()), "", show.Quoted)
}

// note tells how the figures came about.
func (b *bench) note(r *show.Result) {
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
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
		s.version, ownColumns+warehouse.FacetCount, rate(s.Loaded.Clicks, s.Loaded.Took), show.Duration(s.Loaded.Index), quietRuns, show.Duration(patience))
	if s.Share < million {
		why := "as asked for"
		if b.sqliteClicks < 0 {
			why = fmt.Sprintf("because more would have taken longer than %s, or the disk's room", b.sqliteTime)
		}
		note("SQLite has %s of the %s clicks, taken at random, %s. Its times are not scaled up, so the ratios are too small.",
			show.Grouped(s.Loaded.Clicks), show.Grouped(b.clicks), why)
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
	return show.Grouped(int64(float64(n) / took.Seconds()))
}

func mebibytes(n int64) string { return show.Grouped(n>>20) + " MiB" }
