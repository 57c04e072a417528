package main

import (
	"fmt"
	"time"

	"homing/bench/reports/traffic"
	"homing/bench/show"
)

func (b *bench) result() *show.Result {
	l := b.state.Loaded
	r := &show.Result{Section: "reports", Errors: b.wrong}
	r.Head = []string{
		fmt.Sprintf("%s clicks of 30 days in %s campaigns, %s rows with conversions and postbacks (seed %d); DuckDB %s.",
			show.Grouped(l.Clicks), show.Grouped(traffic.CampaignCount), show.Grouped(l.Rows), b.seed, b.version),
		fmt.Sprintf("%s. Taken on %s.", show.Machine(), b.now().UTC().Format("2006-01-02 15:04 UTC")),
	}
	r.Tables = append(r.Tables, b.questionTable(r), b.figureTable(r))
	b.note(r)
	return r
}

// questionTable has a row for each question.
func (b *bench) questionTable(r *show.Result) show.Table {
	t := show.Table{Head: []string{"", "question", "limit", "median", "slowest", "limit is", "while loading", "times", "twice is", "SQLite", "ratio"}}
	for i := range b.asked {
		a := &b.asked[i]
		row := newRow(a.letter, a.title, a.within)
		if a.letter == "d" {
			b.addFinding(r, &t)
		}
		b.times(r, row, &a.quiet, &a.rival, &a.live, a.within)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// addFinding puts clicks by id where c belongs: before d.
func (b *bench) addFinding(r *show.Result, t *show.Table) {
	f := &b.finding
	row := newRow("c", fmt.Sprintf("click by id, %s of them; slowest: of 99 in 100", show.Grouped(int64(len(f.quiet.All)))), byID)
	b.times(r, row, &f.quiet, &f.sqlite, &f.live, byID)
	t.Rows = append(t.Rows, row)
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
		row[2] = show.Duration(within)
	}
	return row
}

// times fills in the columns of times and the verdicts.
func (b *bench) times(r *show.Result, row []string, quiet, rival, live *show.Timing, within time.Duration) {
	if quiet.Err != nil {
		row[inMedian] = "failed"
		r.Errors = append(r.Errors, row[1]+": "+quiet.Err.Error())
		return
	}
	row[inMedian], row[inSlowest] = show.Duration(quiet.Median()), show.Duration(slowest(quiet))
	if within > 0 {
		row[inLimit] = r.Judge(limited(quiet) <= within)
	}
	switch {
	case live.Err != nil:
		row[inLive] = "failed"
		r.Errors = append(r.Errors, row[1]+" while loading: "+live.Err.Error())
	case live.Known():
		row[inLive], row[inTimes] = show.Duration(live.Median()), show.Times(live.Median(), quiet.Median())
		row[inTwice] = r.Judge(live.Median() <= 2*quiet.Median())
	}
	switch {
	case rival.Err != nil:
		row[inRival] = "failed"
		r.Errors = append(r.Errors, "SQLite, "+row[1]+": "+rival.Err.Error())
	case rival.Known():
		row[inRival], row[inRatio] = show.Duration(rival.Median()), b.atLeast()+show.Times(rival.Median(), quiet.Median())
	}
}

// limited is what a limit is for: the slowest of a few runs, the median of many.
func limited(t *show.Timing) time.Duration {
	if len(t.All) >= 100 {
		return t.Median()
	}
	return slowest(t)
}

// slowest is, of many runs, what 99 in 100 do not exceed.
func slowest(t *show.Timing) time.Duration {
	if len(t.All) >= 100 {
		return t.At(0.99)
	}
	return t.Max()
}

// atLeast stands before ratios if SQLite had less to look at.
func (b *bench) atLeast() string {
	if b.rival.Share < million {
		return "> "
	}
	return ""
}
