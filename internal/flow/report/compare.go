package report

import (
	"slices"
	"time"

	"homing"
)

// compareNames are the ranges to compare with that have a name. A range of whole
// months is compared with whole months.
var compareNames = []string{"previous", "last_week", "last_month", "last_year"}

// CompareNames lists the names that compare= knows; a time is possible besides.
func CompareNames() []string { return slices.Clone(compareNames) }

// compare works out the other range.
func (p *params) compare(q *Question, s span, now homing.Millis) {
	text := p.one("compare")
	if text == "" || s.until <= s.from {
		return
	}
	from := s.from.Time().In(q.Zone)
	long := lengthOf(from, s.until.Time().In(q.Zone))
	var other time.Time
	switch text {
	case "previous":
		other = long.before(from)
	case "last_week":
		other = shift(from, 0, -7)
	case "last_month":
		other = shift(from, -1, 0)
	case "last_year":
		other = shift(from, -12, 0)
	default:
		if !looksLikeTime(text) {
			p.faults.unknown("compare", "range", text, compareNames)
			return
		}
		m, ok := p.moment("compare", text, now, q.Zone)
		if !ok {
			return
		}
		other = m.at.Time().In(q.Zone)
		text = momentText(other)
	}
	end := long.after(other)
	switch {
	case other.Year() < 2000:
		p.faults.add("compare", "%s is before 2000", other.Format(time.DateOnly))
		return
	case homing.MillisOf(end) > homing.MaxOriginTime:
		p.faults.add("compare", "%s is after the last time of a click id, in %d", end.Format(time.DateOnly), homing.MaxOriginTime.Time().Year())
		return
	}
	q.Compare = text
	q.OtherFrom, q.OtherUntil = homing.MillisOf(other), homing.MillisOf(end)
}

func looksLikeTime(text string) bool { return text[0] >= '0' && text[0] <= '9' }

// length is how long a range is, in what it is made of: whole days, and whole
// months if it is these too, or time.
type length struct {
	months, days int
	time         time.Duration
}

func lengthOf(from, until time.Time) (l length) {
	if !isMidnight(from) || !isMidnight(until) {
		return length{time: until.Sub(from)}
	}
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	l.days = int(date(until).Sub(date(from)) / (24 * time.Hour))
	if from.Day() == 1 && until.Day() == 1 {
		l.months = (until.Year()-from.Year())*12 + int(until.Month()) - int(from.Month())
	}
	return l
}

func (l length) after(from time.Time) time.Time {
	if l.months != 0 && from.Day() == 1 {
		return shift(from, l.months, 0)
	}
	return shift(from, 0, l.days).Add(l.time)
}

func (l length) before(until time.Time) time.Time {
	if l.months != 0 {
		return shift(until, -l.months, 0)
	}
	return shift(until, 0, -l.days).Add(-l.time)
}

// shift moves a local time by months and days of the calendar. The 31st becomes
// the last day of a shorter month.
func shift(at time.Time, months, days int) time.Time {
	if months == 0 && days == 0 {
		return at
	}
	year, month, day := at.Date()
	first := time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	date := time.Date(first.Year(), first.Month(), min(day, last)+days, 0, 0, 0, 0, time.UTC)
	if isMidnight(at) {
		return startOfDay(date.Year(), date.Month(), date.Day(), at.Location())
	}
	return time.Date(date.Year(), date.Month(), date.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), at.Location())
}

// momentText writes a local time as moment reads it: a date if one begins then.
func momentText(at time.Time) string {
	if isMidnight(at) {
		return at.Format(time.DateOnly)
	}
	return homing.MillisOf(at).String()
}
