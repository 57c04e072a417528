package reports

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// chip is a condition with the link that takes it off.
type chip struct {
	Dimension, Op, Values string
	Without               string
}

// chips are the question's conditions in words.
func (l *links) chips(nameOf func(warehouse.Dimension, warehouse.Key) string) (list []chip) {
	for i, c := range l.question.Where {
		one := chip{Dimension: titleOf(c.Dimension), Op: opWords(c)}
		var values []string
		for _, k := range c.Keys[:min(len(c.Keys), 5)] {
			values = append(values, nameOf(c.Dimension, k))
		}
		one.Values = strings.Join(values, ", ")
		if more := len(c.Keys) - 5; more > 0 {
			one.Values += ", …"
		}
		one.Without = l.path(func(v url.Values) { v["where"] = slices.Delete(slices.Clone(v["where"]), i, i+1) })
		list = append(list, one)
	}
	return list
}

func opWords(c report.Condition) string {
	switch {
	case c.Op == warehouse.Begins:
		return "begins with"
	case c.Op == warehouse.Contains:
		return "contains"
	case c.Op == warehouse.NotIn && len(c.Keys) > 1:
		return "is none of"
	case c.Op == warehouse.NotIn:
		return "is not"
	case len(c.Keys) > 1:
		return "is one of"
	}
	return "is"
}

// without is the question without conditions.
func (l *links) without() string { return l.path(func(v url.Values) { v.Del("where") }) }

// only narrows the question to a key of a dimension, in parameters. Buckets of
// time narrow the range, and are broken down into smaller ones.
func (l *links) only(v url.Values, d warehouse.Dimension, k warehouse.Key) {
	if d < warehouse.HourOfDay {
		l.onlyTime(v, d, k.Number)
		return
	}
	c := report.Condition{Dimension: d, Op: warehouse.In, Keys: []warehouse.Key{k}}.String()
	if !slices.Contains(v["where"], c) {
		v.Add("where", c)
	}
}

// onlyTime narrows the range to a bucket.
func (l *links) onlyTime(v url.Values, d warehouse.Dimension, key int64) {
	v.Del("range")
	v.Del("compare")
	date := func(day int64) string { return warehouse.Day(day).String() }
	smaller := warehouse.DayOf
	switch d {
	case warehouse.Hour:
		v.Set("from", homing.Millis(key).String())
		v.Set("to", (homing.Millis(key) + 3_600_000).String())
		return
	case warehouse.DayOf:
		v.Set("from", date(key))
		v.Set("to", date(key))
		smaller = warehouse.Hour
	case warehouse.Week:
		v.Set("from", date(key))
		v.Set("to", date(key+6))
	case warehouse.Month:
		first := time.Date(int(key/12), time.Month(key%12+1), 1, 0, 0, 0, 0, time.UTC)
		v.Set("from", first.Format(time.DateOnly))
		v.Set("to", first.AddDate(0, 1, -1).Format(time.DateOnly))
	}
	setBy(v, replaced(l.question.By, d, smaller))
}

// replaced puts other in d's place, or takes d out if other is there already.
func replaced(by []warehouse.Dimension, d, other warehouse.Dimension) []warehouse.Dimension {
	by = slices.Clone(by)
	i := slices.Index(by, d)
	if slices.Contains(by, other) {
		return slices.Delete(by, i, i+1)
	}
	by[i] = other
	return by
}

// setBy breaks down by other dimensions; what the report was sorted by goes.
func setBy(v url.Values, by []warehouse.Dimension) {
	var names []string
	for _, d := range by {
		names = append(names, d.String())
	}
	v.Del("fill")
	v.Del("order")
	v.Set("by", strings.Join(names, ","))
}

// filter is the question narrowed to one value.
func (l *links) filter(d warehouse.Dimension, k warehouse.Key) string {
	return l.path(func(v url.Values) { l.only(v, d, k) })
}

// deeper are the dimensions to open next, as people usually do.
var deeper = []string{"account", "campaign", "source", "site", "country", "device", "creative", "sub1", "os", "browser", "hour_of_day"}

// next is the dimension that a row opens into: the first that the question does
// not speak of yet. ok is false if there is none left.
func (l *links) next(scope report.Scope) (next warehouse.Dimension, ok bool) {
	for _, name := range deeper {
		d, known := warehouse.DimensionNamed(name)
		spoken := func(c report.Condition) bool { return c.Dimension == d && c.Op == warehouse.In && len(c.Keys) == 1 }
		narrower := d == warehouse.Account && slices.ContainsFunc(l.question.Where, func(c report.Condition) bool { return c.Dimension == warehouse.Campaign })
		if !known || slices.Contains(l.question.By, d) || slices.ContainsFunc(l.question.Where, spoken) ||
			d == warehouse.Account && (scope.Account != 0 || narrower || slices.Contains(l.question.By, warehouse.Campaign)) {
			continue
		}
		return d, true
	}
	return 0, false
}

// open is a row by itself, broken down by the next dimension.
func (l *links) open(keys []warehouse.Key, next warehouse.Dimension) string {
	return l.path(func(v url.Values) {
		for i, d := range l.question.By {
			l.only(v, d, keys[i])
		}
		setBy(v, []warehouse.Dimension{next})
	})
}

// sort is the question sorted by a column, the other way round if it is so
// already. Times begin with the oldest, figures with the largest.
func (l *links) sort(name string, key bool) (path string, sorted string) {
	first, second := "-"+name, name
	if key {
		first, second = second, first
	}
	order := first
	if len(l.question.Order) > 0 {
		switch l.question.Order[0].String() {
		case first:
			order = second
		}
		switch l.question.Order[0].String() {
		case "-" + name:
			sorted = "descending"
		case name:
			sorted = "ascending"
		}
	}
	return l.path(func(v url.Values) { v.Set("order", order); v.Del("fill") }), sorted
}
