package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homing"
)

// Fit is one way to count a view, and how far it is from the tracker's figure.
type Fit struct {
	View int // its place among the day's
	// Extra are what is counted besides what is in our totals, "late" and so on;
	// Approved tells that only those are counted.
	Extra    []string
	Approved bool
	Count    int64
	// Off is the tracker's count less ours; ValueOff likewise, if both tell one
	// and the fit is of exactly what our value is of.
	Off      int64
	ValueOff homing.Value
}

// Exact tells that counts agree, and values as far as they can be compared.
func (f *Fit) Exact() bool { return f.Off == 0 && (!f.ValueOff.Given || f.ValueOff.Money == 0) }

// reading is a way to count, the plainest first: a tracker that knows nothing of
// our verdicts counts what it sent.
type reading struct {
	extra    []string
	approved bool
	of       func(*Figures) int64
}

var readings = []reading{
	{of: func(f *Figures) int64 { return f.Conversions }},
	{extra: []string{"late"}, of: func(f *Figures) int64 { return f.Conversions + f.Late }},
	{extra: []string{"rejected"}, of: func(f *Figures) int64 { return f.Conversions + f.Rejected }},
	{extra: []string{"late", "rejected"}, of: func(f *Figures) int64 { return f.Conversions + f.Late + f.Rejected }},
	{approved: true, of: func(f *Figures) int64 { return f.Approved }},
	{extra: []string{"refused"}, of: func(f *Figures) int64 { return f.Conversions + f.Refusals }},
	{extra: []string{"duplicate"}, of: func(f *Figures) int64 { return f.Conversions + f.Duplicates }},
	{extra: []string{"late", "rejected", "refused"}, of: func(f *Figures) int64 { return f.Conversions + f.Late + f.Rejected + f.Refusals }},
	{extra: []string{"late", "rejected", "duplicate", "refused"}, of: func(f *Figures) int64 {
		return f.Conversions + f.Late + f.Rejected + f.Duplicates + f.Refusals
	}},
}

// fits tries every reading of every view. The first is the closest; of equally
// close ones the one whose value agrees, then the plainest, then the first view.
// Behind it stand the plain readings of other views that are exact as well. A
// reading whose extras are none on the day is the plain one, and is left out.
func fits(count int64, value homing.Value, views []View) []Fit {
	type ranked struct {
		Fit
		plain int
	}
	var all []ranked
	for n := range readings {
		r := &readings[n]
		for i := range views {
			f := &views[i].Figures
			if n > 0 && r.of(f) == f.Conversions {
				continue
			}
			fit := Fit{View: i, Extra: r.present(f), Approved: r.approved, Count: r.of(f), Off: count - r.of(f)}
			if n == 0 && value.Given && f.Value.Given {
				fit.ValueOff = homing.ValueOf(value.Money - f.Value.Money)
			}
			all = append(all, ranked{fit, n})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(abs(a.Off), abs(b.Off)), cmp.Compare(a.worth(), b.worth()), cmp.Compare(a.plain, b.plain))
	})
	list := []Fit{all[0].Fit}
	for _, other := range all[1:] {
		if all[0].Exact() && other.Exact() && other.plain == 0 && all[0].plain == 0 {
			list = append(list, other.Fit)
		}
	}
	return list
}

// present are those of the reading's extras that there were any of.
func (r *reading) present(f *Figures) (names []string) {
	of := map[string]int64{"late": f.Late, "rejected": f.Rejected, "refused": f.Refusals, "duplicate": f.Duplicates}
	for _, name := range r.extra {
		if of[name] > 0 {
			names = append(names, strconv.FormatInt(of[name], 10)+" "+name)
		}
	}
	return names
}

// worth ranks how well values agree: those that do come before all others.
func (f *Fit) worth() int {
	if f.ValueOff.Given && f.ValueOff.Money == 0 {
		return 0
	}
	return 1
}

func abs(n int64) int64 { return max(n, -n) }

// Words say in plain words which way of counting fits best, or what comes
// closest and what may explain the rest.
func (d *Day) Words() []string {
	best := &d.Fits[0]
	v := &d.Views[best.View]
	yours := "Your " + strconv.FormatInt(d.Question.Count, 10)
	if best.Off != 0 {
		words := []string{fmt.Sprintf("No way of counting gives exactly %d. The closest is %s: %s, %s.",
			d.Question.Count, v.place(), best.what(v), offBy(best.Off))}
		return append(words, d.suspects(best, v)...)
	}
	words := []string{fmt.Sprintf("%s = %s %s.", yours, best.what(v), v.place())}
	switch {
	case best.ValueOff.Given && best.ValueOff.Money == 0:
		words = append(words, "The value is the same, too: "+v.Value.String()+".")
	case best.ValueOff.Given:
		words = append(words, fmt.Sprintf("The value is not: you have %s, we have %s. Compare a list with values to see which conversions differ.",
			d.Question.Value, v.Value))
	}
	var others []string
	for i := range d.Fits[1:] {
		others = append(others, d.Views[d.Fits[i+1].View].place())
	}
	if len(others) > 0 {
		words = append(words, "It would also fit "+strings.Join(others, ", or ")+".")
	}
	if len(best.Extra) > 0 {
		words = append(words, "So your tracker counts what is in no total here: see below what became of them.")
	}
	return words
}

// what is counted, in words: "our 214 conversions", "our 212 conversions plus 2
// late".
func (f *Fit) what(v *View) string {
	if f.Approved {
		return fmt.Sprintf("our %d approved conversions, without %d pending ones,", v.Approved, v.Pending)
	}
	text := fmt.Sprintf("our %s", plural(v.Conversions, "conversion"))
	if len(f.Extra) > 0 {
		text += " plus " + strings.Join(f.Extra, " and ")
	}
	return text
}

func offBy(off int64) string {
	if off > 0 {
		return fmt.Sprintf("which is %d fewer than yours", off)
	}
	return fmt.Sprintf("which is %d more than yours", -off)
}

// suspects say what to look at when nothing fits.
func (d *Day) suspects(f *Fit, v *View) []string {
	var list []string
	if f.Off > 0 {
		list = append(list, "Calls that never arrived leave no trace here: look at your tracker's postback log for errors on that day.")
	} else {
		list = append(list, "We have conversions that your tracker does not show: it may have dropped them, or count them on another day.")
	}
	if v.Refusals > 0 {
		list = append(list, fmt.Sprintf("%s refused that day; the reasons stand below.", was(v.Refusals, "call")))
	}
	return append(list, "A list of the day's click ids, compared with ours, tells it line by line.")
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}

func was(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return plural(n, noun) + " were"
}
