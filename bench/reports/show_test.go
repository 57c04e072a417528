package main

import (
	"strings"
	"testing"
	"time"
)

func TestInsertReplacesOnlyItsSection(t *testing.T) {
	const around = "# Benchmarks\n\nClicks.\n"
	once := insert(around, "first\n")
	if want := around + "\n" + beginMark + "\nfirst\n" + endMark + "\n"; once != want {
		t.Errorf("got %q, want %q", once, want)
	}
	twice := insert(once+"\nPostbacks.\n", "second\n")
	if want := around + "\n" + beginMark + "\nsecond\n" + endMark + "\n\nPostbacks.\n"; twice != want {
		t.Errorf("got %q, want %q", twice, want)
	}
	if made := insert("", "first\n"); made != beginMark+"\nfirst\n"+endMark+"\n" {
		t.Errorf("a missing document became %q", made)
	}
}

func TestVerdicts(t *testing.T) {
	runs := func(ms ...int) (t timing) {
		for _, n := range ms {
			t.all = append(t.all, time.Duration(n)*time.Millisecond)
		}
		return t
	}
	for _, c := range []struct {
		name         string
		quiet, live  timing
		within       time.Duration
		limit, twice string
	}{
		{"all within", runs(80, 90, 99), runs(150, 160, 900), 100 * time.Millisecond, met, met},
		{"one run over the limit", runs(80, 90, 101), timing{}, 100 * time.Millisecond, missed, ""},
		{"more than twice as slow while loading", runs(10, 10, 10), runs(21, 21, 21), 100 * time.Millisecond, met, missed},
		{"without a limit", runs(5000), timing{}, 0, "", ""},
	} {
		var r result
		row := newRow("x", c.name, c.within)
		(&bench{}).times(&r, row, &c.quiet, &timing{}, &c.live, c.within)
		if row[inLimit] != c.limit || row[inTwice] != c.twice || r.missed() != (c.limit == missed || c.twice == missed) {
			t.Errorf("%s: got %q, %q (missed: %v), want %q, %q", c.name, row[inLimit], row[inTwice], r.missed(), c.limit, c.twice)
		}
	}
}

func TestTableText(t *testing.T) {
	var b strings.Builder
	(&table{head: []string{"", "question", "median", "limit is"}, rows: [][]string{{"a", "day × campaign", "9 ms", met}}}).text(&b)
	const want = "   question        median  limit is\n" + "a  day × campaign    9 ms       met\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
