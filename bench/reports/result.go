package main

import (
	"fmt"
	"time"

	"homing/bench/reports/traffic"
)

// result is what is shown: tables of text.
type result struct {
	head   []string // what was measured, and on what
	tables []table
	notes  []string
	errors []string
	misses int
}

type table struct {
	head []string
	rows [][]string
}

// Verdicts.
const (
	met    = "met"
	missed = "MISSED"
	quoted = ""
)

// missed tells whether a limit was.
func (r *result) missed() bool { return r.misses > 0 || len(r.errors) > 0 }

// judge says whether a limit was met.
func (r *result) judge(ok bool) string {
	if ok {
		return met
	}
	r.misses++
	return missed
}

func (b *bench) result() *result {
	l := b.state.Loaded
	r := &result{errors: b.wrong}
	r.head = []string{
		fmt.Sprintf("%s clicks of 30 days in %s campaigns, %s rows with conversions and postbacks (seed %d); DuckDB %s.",
			grouped(l.Clicks), grouped(traffic.CampaignCount), grouped(l.Rows), b.seed, b.version),
		fmt.Sprintf("%s. Taken on %s.", machine(), b.now().UTC().Format("2006-01-02 15:04 UTC")),
	}
	r.tables = append(r.tables, b.questionTable(r), b.figureTable(r))
	b.note(r)
	return r
}

// questionTable has a row for each question.
func (b *bench) questionTable(r *result) table {
	t := table{head: []string{"", "question", "limit", "median", "slowest", "limit is", "while loading", "times", "twice is", "SQLite", "ratio"}}
	for i := range b.asked {
		a := &b.asked[i]
		row := newRow(a.letter, a.title, a.within)
		if a.letter == "d" {
			b.addFinding(r, &t)
		}
		b.times(r, row, &a.quiet, &a.rival, &a.live, a.within)
		t.rows = append(t.rows, row)
	}
	return t
}

// addFinding puts clicks by id where c belongs: before d.
func (b *bench) addFinding(r *result, t *table) {
	f := &b.finding
	row := newRow("c", fmt.Sprintf("click by id, %s of them; slowest: of 99 in 100", grouped(int64(len(f.quiet.all)))), byID)
	b.times(r, row, &f.quiet, &f.sqlite, &f.live, byID)
	t.rows = append(t.rows, row)
}

// The columns of questionTable.
const (
	inMedian = iota + 3
	inSlowest
	inLimit
	inLive
	inTimes
	inTwice
	inRival
	inRatio
)

func newRow(letter, title string, within time.Duration) []string {
	row := make([]string, inRatio+1)
	row[0], row[1] = letter, title
	if within > 0 {
		row[2] = duration(within)
	}
	return row
}

// times fills in the columns of times and the verdicts.
func (b *bench) times(r *result, row []string, quiet, rival, live *timing, within time.Duration) {
	if quiet.err != nil {
		row[inMedian] = "failed"
		r.errors = append(r.errors, row[1]+": "+quiet.err.Error())
		return
	}
	row[inMedian], row[inSlowest] = duration(quiet.median()), duration(slowest(quiet))
	if within > 0 {
		row[inLimit] = r.judge(limited(quiet) <= within)
	}
	switch {
	case live.err != nil:
		row[inLive] = "failed"
		r.errors = append(r.errors, row[1]+" while loading: "+live.err.Error())
	case live.known():
		row[inLive], row[inTimes] = duration(live.median()), times(live.median(), quiet.median())
		row[inTwice] = r.judge(live.median() <= 2*quiet.median())
	}
	switch {
	case rival.err != nil:
		row[inRival] = "failed"
		r.errors = append(r.errors, "SQLite, "+row[1]+": "+rival.err.Error())
	case rival.known():
		row[inRival], row[inRatio] = duration(rival.median()), b.atLeast()+times(rival.median(), quiet.median())
	}
}

// limited is what a limit is for: the slowest of a few runs, the median of many.
func limited(t *timing) time.Duration {
	if len(t.all) >= 100 {
		return t.median()
	}
	return slowest(t)
}

// slowest is, of many runs, what 99 in 100 do not exceed.
func slowest(t *timing) time.Duration {
	if len(t.all) >= 100 {
		return t.at(0.99)
	}
	return t.max()
}

// atLeast stands before ratios if SQLite had less to look at.
func (b *bench) atLeast() string {
	if b.rival.Share < million {
		return "> "
	}
	return ""
}

// duration writes a time with three digits, in seconds or milliseconds.
func duration(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms >= 100_000:
		return fmt.Sprintf("%.0f s", ms/1000)
	case ms >= 10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

func times(a, b time.Duration) string {
	if b == 0 {
		return ""
	}
	switch x := float64(a) / float64(b); {
	case x >= 10:
		return fmt.Sprintf("%.0f ×", x)
	case x >= 0.1:
		return fmt.Sprintf("%.1f ×", x)
	default:
		return fmt.Sprintf("%.3f ×", x)
	}
}
