package simulate

import (
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/control"
)

// shelf is a server that holds what a test puts there.
type shelf struct {
	Server
	conversions []control.Conversion
	postbacks   []control.Postback
}

func (s shelf) Conversions(context.Context, control.ConversionFilter) iter.Seq2[control.Conversion, error] {
	return all(s.conversions)
}

func (s shelf) Postbacks(context.Context, control.PostbackFilter) iter.Seq2[control.Postback, error] {
	return all(s.postbacks)
}

func all[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func worth(units int) content {
	return content{value: homing.ValueOf(homing.Money(units) * homing.Unit), status: homing.Approved}
}

// TestWhatAnUnansweredCallAllows: two calls for one conversion, worth 1 and 2;
// what may be held depends on which of them was answered, and how.
func TestWhatAnUnansweredCallAllows(t *testing.T) {
	key := claimKey{click: homing.ClickID{1}, lead: "A"}
	one, two := worth(1), worth(2)
	for _, test := range []struct {
		name string
		play func(b *books, c *claim)
		held []content
		want string // part of the first difference; empty = none
	}{
		{"nothing answered, nothing held", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
		}, nil, ""},
		{"nothing answered, one held", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
		}, []content{one}, ""},
		{"nothing answered, held twice", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
		}, []content{one, one}, "held 2 times"},
		{"nothing answered, another value held", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
		}, []content{two}, "instead of value 1.00"},
		{"cut, then counted: the second's value", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
			b.counted(c, two, b.begin())
		}, []content{two}, ""},
		{"cut, then counted, but the first's value", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
			b.counted(c, two, b.begin())
		}, []content{one}, "instead of value 2.00"},
		{"cut, then duplicate: the first's value", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
			b.duplicate(c, time.Time{})
		}, []content{one}, ""},
		{"cut, then duplicate, and nothing held", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
			b.duplicate(c, time.Time{})
		}, nil, "acknowledged and is not held"},
		{"duplicate of nothing", func(b *books, c *claim) {
			b.duplicate(c, time.Time{})
		}, []content{one}, "but of nothing"},
		{"cut after the duplicate cannot be first", func(b *books, c *claim) {
			b.duplicate(c, time.Time{})
			b.doubted(c, one, b.begin())
		}, []content{one}, "but of nothing"},
		{"parallel: the duplicate's answer overtakes the first's", func(b *books, c *claim) {
			first := b.begin()
			b.duplicate(c, time.Time{})
			b.counted(c, one, first)
		}, []content{one}, ""},
		{"counted although an earlier call was told it was there", func(b *books, c *claim) {
			b.doubted(c, one, b.begin())
			b.duplicate(c, time.Time{})
			b.counted(c, two, b.begin())
		}, []content{two}, "counted after an earlier call"},
		{"counted twice", func(b *books, c *claim) {
			first, second := b.begin(), b.begin()
			b.counted(c, one, first)
			b.counted(c, two, second)
		}, []content{two}, "answered as counted 2 times"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBooks(false)
			test.play(b, b.claimOf(1, key))
			var s shelf
			for _, c := range test.held {
				s.conversions = append(s.conversions, control.Conversion{
					ClickID: key.click, LeadCode: key.lead, Account: 1, Value: c.value, Status: c.status,
				})
			}
			cast := &cast{advertisers: []*advertiser{{id: 1}}}
			if _, err := b.reconcileConversions(t.Context(), s, cast); err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(b.found.first) > 0 {
				got = b.found.first[0].What
			}
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// TestRefusalsAroundAKill: refusals are recorded behind their answers, so the
// last ones before a kill may be missing, and no others.
func TestRefusalsAroundAKill(t *testing.T) {
	kill := time.Unix(1_000_000, 0)
	for _, test := range []struct {
		name     string
		answered time.Time
		logged   int
		fine     bool
	}{
		{"long before, there", kill.Add(-time.Minute), 1, true},
		{"long before, missing", kill.Add(-time.Minute), 0, false},
		{"just before, there", kill.Add(-time.Second), 1, true},
		{"just before, missing", kill.Add(-time.Second), 0, true},
		{"just before, twice", kill.Add(-time.Second), 2, false},
		{"after it, missing", kill.Add(time.Second), 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBooks(false)
			b.killed(kill)
			b.refused(refusalKey{1, "key_wrong"}, test.answered)
			l := logged{refused: map[string]int{"key_wrong": test.logged}}
			b.reconcileLog(&advertiser{id: 1}, l, 0)
			if fine := b.found.total() == 0; fine != test.fine {
				t.Errorf("found %+v", b.found.first)
			}
		})
	}
}

// TestTalliesCount: refusals that were only counted are as good as whole ones.
func TestTalliesCount(t *testing.T) {
	s := shelf{postbacks: []control.Postback{
		{Result: homing.Refused, Reason: homing.ReasonKeyWrong, Count: 1},
		{Result: homing.Refused, Reason: homing.ReasonKeyWrong, Count: 41},
		{Result: homing.Duplicate, Reason: homing.ReasonDuplicateValue, Count: 1},
	}}
	l, err := readLog(t.Context(), s, 1, 0, newSheet(false))
	if err != nil || l.refused["key_wrong"] != 42 || l.duplicates != 1 {
		t.Errorf("read %+v, %v", l, err)
	}
}

func TestOnlyTheFirstDifferencesAreTold(t *testing.T) {
	var d differences
	for range 30 {
		d.add(lost, "a click")
	}
	r := &report{Lost: d.count[lost], Differences: d.first}
	text := r.conclusion()
	if strings.Count(text, "a click") != inWords || !strings.Contains(text, "and 10 more") || !strings.HasSuffix(text, "30 lost, 0 double, 0 other differences\n") {
		t.Errorf("told:\n%s", text)
	}
}
