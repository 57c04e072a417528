package main

import (
	"fmt"

	"homing/bench/show"
)

func resultOf(o *options, m *made, version string, list []measured) *show.Result {
	r := &show.Result{Section: "panel", Head: []string{
		fmt.Sprintf("%s clicks of 30 days, %s conversions, %s postbacks (seed %d); the last day is today. The advertiser is the largest, with %d %% of the clicks. DuckDB %s.",
			show.Grouped(m.Clicks), show.Grouped(m.Conversions), show.Grouped(m.Postbacks), m.Seed, m.Share, version),
		fmt.Sprintf("%s. Taken on %s.", show.Machine(), o.now().UTC().Format("2006-01-02 15:04 UTC")),
	}}
	if o.remark != "" {
		r.Head = append(r.Head, o.remark)
	}
	r.Tables = []show.Table{tableOf(r, list)}
	r.Notes = []string{
		fmt.Sprintf("Each page is asked for %d times after %d that do not count, over a socket of the same machine, from the server as homing serve starts it, with all its days but today sealed. The limits are %s for the median and %s KB for the page as it is, without compression.",
			runs, warmRuns, show.Duration(maxTime), show.Grouped(maxSize/1000)),
		"The time of a report, and of a list of ids, depends on what somebody asked for and has no limit; “question alone” is what the same report takes without a page.",
	}
	return r
}

func tableOf(r *show.Result, list []measured) show.Table {
	t := show.Table{Head: []string{"", "page", "median", "slowest", "limit is", "question alone", "KB", "gzipped", "limit is"}}
	for i := range list {
		m := &list[i]
		row := []string{string(m.as), m.title, "failed", "", "", "", "", "", ""}
		t.Rows = append(t.Rows, row)
		if m.took.Err != nil {
			r.Errors = append(r.Errors, fmt.Sprintf("%s, %s: %v", m.as, m.title, m.took.Err))
			continue
		}
		row[2], row[3] = show.Duration(m.took.Median()), show.Duration(m.took.Max())
		if m.question == nil {
			row[4] = r.Judge(m.took.Median() <= maxTime)
		}
		switch {
		case m.warehouse.Err != nil:
			r.Errors = append(r.Errors, fmt.Sprintf("%s, %s, the question alone: %v", m.as, m.title, m.warehouse.Err))
		case m.warehouse.Known():
			row[5] = show.Duration(m.warehouse.Median())
		}
		row[6], row[7] = kilobytes(m.size), kilobytes(m.gzipped)
		row[8] = r.Judge(m.size <= maxSize)
	}
	return t
}

func kilobytes(n int) string { return fmt.Sprintf("%.1f", float64(n)/1000) }
