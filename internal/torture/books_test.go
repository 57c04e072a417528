package torture

import (
	"testing"

	"homing"
)

// TestBooks tells stories of answers, and what is wrong with each.
func TestBooks(t *testing.T) {
	click := homing.ClickID{1}
	k := Claim{click, "lead"}
	for name, c := range map[string]struct {
		story        func(*Books)
		double, lost int
	}{
		"once": {story: func(b *Books) { b.Counted(k, b.Begin()) }},
		"a repeat after it": {story: func(b *Books) {
			b.Counted(k, b.Begin())
			b.Repeated(k)
		}},
		"told of the repeat first, both under way": {story: func(b *Books) {
			first := b.Begin()
			b.Repeated(k)
			b.Counted(k, first)
		}},
		"counted twice": {double: 1, story: func(b *Books) {
			first, second := b.Begin(), b.Begin()
			b.Counted(k, first)
			b.Counted(k, second)
		}},
		"counted after it was there": {double: 1, story: func(b *Books) {
			b.Repeated(k)
			b.Counted(k, b.Begin())
		}},
		"an id twice": {double: 1, story: func(b *Books) {
			b.Redirected(click, b.Visit(), 0)
			b.Redirected(click, b.Visit(), 0)
		}},
	} {
		b := NewBooks()
		c.story(b)
		if found := b.Found(); found.Double != c.double || found.Total() != c.double {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestOnlyWhatCountedNowIsWantedNow: a repeat of long ago is not in a list that
// begins now.
func TestOnlyWhatCountedNowIsWantedNow(t *testing.T) {
	b, k := NewBooks(), Claim{Click: homing.ClickID{1}}
	b.Counted(k, b.Begin())
	if !b.touched[k] {
		t.Error("what counted is not wanted")
	}
	clear(b.touched)
	b.Repeated(k)
	if b.touched[k] {
		t.Error("what was repeated is wanted")
	}
	if n, settled := b.Told(k); n != 1 || !settled {
		t.Errorf("told %d, %v", n, settled)
	}
}
