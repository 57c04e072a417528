package main

import (
	"errors"
	"testing"
	"time"

	"homing/bench/show"
)

func TestVerdicts(t *testing.T) {
	took := func(ms ...int) (t show.Timing) {
		for _, n := range ms {
			t.All = append(t.All, time.Duration(n)*time.Millisecond)
		}
		return t
	}
	for _, c := range []struct {
		name       string
		m          measured
		time, size string
		errors     int
	}{
		{"within both", measured{took: took(10, 100, 900), size: 100_000}, show.Met, show.Met, 0},
		{"too slow", measured{took: took(90, 101, 101), size: 10}, show.Missed, show.Met, 0},
		{"too large", measured{took: took(1, 1, 1), size: 100_001}, show.Met, show.Missed, 0},
		{"a long question", measured{asked: asked{question: map[string][]string{}}, took: took(900), size: 10}, show.Quoted, show.Met, 0},
		{"no page", measured{took: show.Timing{Err: errors.New("500")}}, "", "", 1},
	} {
		var r show.Result
		row := tableOf(&r, []measured{c.m}).Rows[0]
		missed := c.time == show.Missed || c.size == show.Missed || c.errors > 0
		if row[4] != c.time || row[8] != c.size || len(r.Errors) != c.errors || r.Missed() != missed {
			t.Errorf("%s: %q, %q, %d errors, missed: %v", c.name, row[4], row[8], len(r.Errors), r.Missed())
		}
	}
}
