package show

import (
	"strings"
	"testing"
)

func TestInsertReplacesOnlyItsSection(t *testing.T) {
	const beginMark, endMark = "<!-- reports: begin -->", "<!-- reports: end -->"
	const around = "# Benchmarks\n\nClicks.\n"
	once := insert(around, "reports", "first\n")
	if want := around + "\n" + beginMark + "\nfirst\n" + endMark + "\n"; once != want {
		t.Errorf("got %q, want %q", once, want)
	}
	twice := insert(once+"\nPostbacks.\n", "reports", "second\n")
	if want := around + "\n" + beginMark + "\nsecond\n" + endMark + "\n\nPostbacks.\n"; twice != want {
		t.Errorf("got %q, want %q", twice, want)
	}
	if made := insert("", "reports", "first\n"); made != beginMark+"\nfirst\n"+endMark+"\n" {
		t.Errorf("a missing document became %q", made)
	}
}

func TestTableText(t *testing.T) {
	var b strings.Builder
	(&Table{Head: []string{"", "question", "median", "limit is"}, Rows: [][]string{{"a", "day × campaign", "9 ms", Met}}}).text(&b)
	const want = "   question        median  limit is\n" + "a  day × campaign    9 ms       met\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
