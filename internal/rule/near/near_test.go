package near_test

import (
	"testing"

	"homing/internal/rule/near"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"click", "click", 0}, {"clik", "click", 1}, {"clicck", "click", 1},
		{"clcik", "click", 1}, {"brick", "click", 2}, {"kitten", "sitting", 3},
	} {
		if got := near.Distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := near.Distance(c.b, c.a); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestTypos(t *testing.T) {
	for name, want := range map[string]int{"ab": 0, "abc": 1, "abcdef": 1, "abcdefg": 2} {
		if got := near.Typos(name, 3); got != want {
			t.Errorf("%q may have %d, want %d", name, got, want)
		}
	}
}
