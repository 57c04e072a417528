package compare

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// away is a warehouse that cannot be asked.
type away struct{ warehouse.Source }

func (away) Postbacks(context.Context, *warehouse.List) iter.Seq2[warehouse.Postback, error] {
	return func(yield func(warehouse.Postback, error) bool) {
		yield(warehouse.Postback{}, fmt.Errorf("%w: starting", homing.ErrUnavailable))
	}
}

func (away) Conversions(context.Context, *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	return func(yield func(warehouse.Conversion, error) bool) {
		yield(warehouse.Conversion{}, fmt.Errorf("%w: starting", homing.ErrUnavailable))
	}
}

// modelLine is a line as the naive model sees it.
type modelLine struct {
	click int // of whichever account; -1 = not ours, -2 = no id
	lead  string
	value homing.Value
}

// modelCall is a call that counted nothing.
type modelCall struct {
	click     int
	duplicate bool
	lead      string
}

// naive finds out about every line by going through everything each time, as the
// package's words say it, and nothing else.
func naive(lines []modelLine, conversions []homing.Conversion, clicks []homing.Origin, calls []modelCall) []Finding {
	of := func(line modelLine, k *homing.Conversion) bool {
		return line.click >= 0 && clicks[line.click] == k.Click
	}
	taker := make([]int, len(conversions)) // line+1
	taken := make([]int, len(lines))       // conversion+1
	pass := func(fits func(line modelLine, k *homing.Conversion) bool, only func(i int) bool) {
		for i, line := range lines {
			for n := range conversions {
				if taken[i] == 0 && taker[n] == 0 && only(i) && of(line, &conversions[n]) && fits(line, &conversions[n]) {
					taken[i], taker[n] = n+1, i+1
				}
			}
		}
	}
	sameAbove := func(i int) bool {
		return slices.ContainsFunc(lines[:i], func(l modelLine) bool { return l.click == lines[i].click && l.lead == lines[i].lead })
	}
	anyAbove := func(i int) bool {
		return slices.ContainsFunc(lines[:i], func(l modelLine) bool { return l.click == lines[i].click })
	}
	pass(func(l modelLine, k *homing.Conversion) bool { return l.lead != "" && k.Lead == l.lead }, func(int) bool { return true })
	// The lines that are left choose one after the other.
	for i := range lines {
		only := func(j int) bool { return j == i && !(lines[i].lead != "" && sameAbove(i)) }
		pass(func(_ modelLine, k *homing.Conversion) bool { return k.Lead == "" }, only)
		if lines[i].lead == "" {
			pass(func(modelLine, *homing.Conversion) bool { return true }, only)
		}
	}
	spent := make([]bool, len(calls))
	found := make([]Finding, len(lines))
	for i, line := range lines {
		switch {
		case line.click == -2:
			found[i] = NoID
		case line.click == -1:
			found[i] = NotOurs
		case taken[i] > 0:
			k := conversions[taken[i]-1]
			switch {
			case k.Status == homing.LateStatus:
				found[i] = Late
			case k.Status == homing.Rejected:
				found[i] = Rejected
			case line.value.Given && line.value != k.Value:
				found[i] = OtherValue
			case k.Status == homing.Pending:
				found[i] = Pending
			default:
				found[i] = Matched
			}
		case line.lead != "" && sameAbove(i):
			found[i] = Repeated
		default:
			found[i] = NeverArrived
			if line.lead == "" && anyAbove(i) {
				found[i] = Repeated
			}
			for n, c := range calls {
				if c.click == line.click && !c.duplicate && (line.lead == "" || c.lead == "" || c.lead == line.lead) {
					found[i] = Refused
					_ = n
				}
			}
			for n, c := range calls {
				if c.click == line.click && c.duplicate && !spent[n] && (line.lead == "" || c.lead == "" || c.lead == line.lead) {
					spent[n], found[i] = true, Duplicate
					break
				}
			}
		}
	}
	return found
}

// TestFindingsAgreeWithANaiveModel on random worlds and lists; and whatever the
// world, each line has one finding, no conversion is named twice, and the sums
// are those of adding everything up.
func TestFindingsAgreeWithANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		clicks := make([]homing.Origin, 5)
		for i := range clicks {
			clicks[i] = origin(i, 1)
		}
		leads := []string{"", "a", "b"}
		value := rapid.SampledFrom([]homing.Value{{}, cents(100), cents(210)})
		type identity struct {
			click int
			lead  string
			goal  homing.GoalID
		}
		there := map[identity]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "conversions") {
			id := identity{rapid.IntRange(0, 4).Draw(t, "click"), rapid.SampledFrom(leads).Draw(t, "lead"), homing.GoalID(rapid.IntRange(0, 1).Draw(t, "goal"))}
			if there[id] {
				continue
			}
			there[id] = true
			w.convert(homing.Conversion{
				Click: clicks[id.click], Lead: id.lead, Goal: id.goal, Value: value.Draw(t, "value"),
				Status: rapid.SampledFrom([]homing.Status{homing.Pending, homing.Approved, homing.Rejected, homing.LateStatus}).Draw(t, "status"),
			})
		}
		var calls []modelCall
		for range rapid.IntRange(0, 6).Draw(t, "calls") {
			c := modelCall{rapid.IntRange(0, 4).Draw(t, "click"), rapid.Bool().Draw(t, "duplicate"), rapid.SampledFrom(leads).Draw(t, "lead")}
			calls = append(calls, c)
			reason := homing.ReasonKeyWrong
			if c.duplicate {
				reason = homing.ReasonDuplicate
			}
			w.call(clicks[c.click], reason, c.lead, homing.Value{})
		}
		var lines []modelLine
		text := "click_id,lead_code,value\n"
		for range rapid.IntRange(1, 10).Draw(t, "lines") {
			l := modelLine{rapid.IntRange(-2, 4).Draw(t, "click"), rapid.SampledFrom(leads).Draw(t, "lead"), value.Draw(t, "value")}
			lines = append(lines, l)
			id := map[int]string{-2: "none", -1: idB}[l.click]
			if l.click >= 0 {
				id = w.id(clicks[l.click])
			}
			text += fmt.Sprintf("%s,%s,%s\n", id, l.lead, l.value)
		}
		list, err := Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r, err := w.Compare(context.Background(), report.Scope{Account: 1}, Question{List: list, From: began, Until: w.now})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{}
		for _, f := range naive(lines, w.books.all, clicks, calls) {
			want = append(want, f.String())
		}
		if got := namesOf(r.Rows); !slices.Equal(got, want) {
			t.Fatalf("found %v, want %v\n%s%+v\n%+v", got, want, text, w.books.all, calls)
		}
		checkBooks(t, w, r)
	})
}

func checkBooks(t *rapid.T, w *world, r *Result) {
	named := map[homing.ConversionID]int{}
	var listed, ours, lacking homing.Money
	for i := range r.Rows {
		listed += r.Rows[i].Value.Money
		if k := r.Rows[i].Conversion; k != nil {
			named[k.ID]++
		}
	}
	var want []homing.ConversionID
	count := 0
	for _, k := range w.books.all {
		if named[k.ID] > 1 {
			t.Fatalf("conversion %s is named by %d lines", k.ID, named[k.ID])
		}
		if !k.Status.InTotals() {
			continue
		}
		count++
		ours += k.Value.Money
		if named[k.ID] == 0 {
			want = append(want, k.ID)
			lacking += k.Value.Money
		}
	}
	if got := sortedIDs(r.Lacking); !slices.Equal(got, want) {
		t.Fatalf("lacking %v, want %v", got, want)
	}
	sum := func(s *Sum) string {
		if !s.Given() {
			return "0.00"
		}
		return s.String()
	}
	if sum(&r.Listed.Value) != listed.String() || sum(&r.Ours.Value) != ours.String() || r.Ours.Count != count {
		t.Fatalf("sums %s and %s of %d, want %s and %s of %d", sum(&r.Listed.Value), sum(&r.Ours.Value), r.Ours.Count, listed, ours, count)
	}
	rows := 0
	for i := range r.Groups {
		g := &r.Groups[i]
		rows += g.Count
		if g.Finding == Lacking && sum(&g.Ours) != lacking.String() {
			t.Fatalf("lacking %s, want %s", sum(&g.Ours), lacking)
		}
	}
	if rows != len(r.Rows)+len(r.Lacking) {
		t.Fatalf("the groups have %d rows of %d: %s", rows, len(r.Rows), strings.Join(namesOf(r.Rows), " "))
	}
}
