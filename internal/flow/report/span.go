package report

import (
	"strings"
	"time"

	"homing"
)

// span is a range of time as it was asked for.
type span struct {
	from, until homing.Millis
	name        string // of range=, if it was given by name, or by none at all
}

// weekSpan is the range of a question that names none.
const weekSpan = "last_7_days"

// spanNames are the ranges with a name. Weeks begin on Monday; the last days
// include today; this week and this month are whole, also what of them is ahead.
var spanNames = []string{
	"today", "yesterday", "last_7_days", "last_30_days", "this_week", "last_week", "this_month", "last_month",
}

// RangeNames lists the names that range= knows.
func RangeNames() []string { return append([]string(nil), spanNames...) }

// named is the range with a name.
func named(name string, now time.Time) (from, until time.Time) {
	year, month, day := now.Date()
	date := func(year int, month time.Month, day int) time.Time {
		return startOfDay(year, month, day, now.Location())
	}
	sinceMonday := (int(now.Weekday()) + 6) % 7
	switch name {
	case "today":
		return date(year, month, day), date(year, month, day+1)
	case "yesterday":
		return date(year, month, day-1), date(year, month, day)
	case "last_7_days":
		return date(year, month, day-6), date(year, month, day+1)
	case "last_30_days":
		return date(year, month, day-29), date(year, month, day+1)
	case "this_week":
		return date(year, month, day-sinceMonday), date(year, month, day-sinceMonday+7)
	case "last_week":
		return date(year, month, day-sinceMonday-7), date(year, month, day-sinceMonday)
	case "this_month":
		return date(year, month, 1), date(year, month+1, 1)
	case "last_month":
		return date(year, month-1, 1), date(year, month, 1)
	}
	panic("report: no range " + name)
}

// span reads from, to and range; standard is the name of the range if none is
// given, or "" for all time.
func (p *params) span(now homing.Millis, zone *time.Location, standard string) span {
	name := p.choice("range", "range", spanNames...)
	from, to := p.one("from"), p.one("to")
	switch {
	case p.one("range") != "" && (from != "" || to != ""):
		p.faults.add("range", "give either range, or from and to")
		return span{}
	case p.one("range") != "" && name == "":
		return span{} // a fault already
	case name == "" && from == "" && to == "":
		name = standard
	case name == "" && from == "":
		p.faults.add("from", "to is given without from")
		return span{}
	}
	switch {
	case name != "":
		f, u := named(name, now.Time().In(zone))
		return span{homing.MillisOf(f), homing.MillisOf(u), name}
	case from == "":
		return span{from: firstDay, until: quarterAfter(now)}
	}
	return p.fromTo(from, to, now, zone)
}

func (p *params) fromTo(from, to string, now homing.Millis, zone *time.Location) (s span) {
	f, ok := p.moment("from", from, now, zone)
	if !ok {
		return s
	}
	s.from = f.at
	switch {
	case to != "":
		t, ok := p.moment("to", to, now, zone)
		switch {
		case !ok:
			return s
		case t.at < f.at:
			p.faults.add("to", "the range is backwards: it begins at %s and ends at %s",
				f.at.Time().In(zone).Format(time.RFC3339), t.at.Time().In(zone).Format(time.RFC3339))
			return s
		case t.date:
			s.until = t.next
		default:
			s.until = t.at
		}
	case f.date:
		_, tomorrow := named("today", now.Time().In(zone))
		s.until = homing.MillisOf(tomorrow)
	default:
		s.until = quarterAfter(now)
	}
	p.checkSpan(s, zone)
	return s
}

// firstDay is where questions begin; click ids have no earlier time. Zones east
// of Greenwich have it half a day before.
const firstDay = homing.Epoch - 14*3_600_000

func (p *params) checkSpan(s span, zone *time.Location) {
	from, until := s.from.Time().In(zone), s.until.Time().In(zone)
	switch {
	case s.from < firstDay:
		p.faults.add("from", "%s is before 2024, when click ids begin", from.Format(time.DateOnly))
	case s.until > homing.MaxOriginTime:
		p.faults.add("to", "%s is after the last time of a click id, in %d", until.Format(time.DateOnly), homing.MaxOriginTime.Time().Year())
	case s.until < s.from:
		p.faults.add("from", "it lies ahead: give to as well")
	case s.until == s.from:
		p.faults.add("to", "the range is empty: a time given as to is not in it any more, a date is in it as a whole")
	case until.After(from.AddDate(MaxYears, 0, 0)):
		p.faults.add("to", "the range is longer than %d years", MaxYears)
	}
}

// moment is a time as somebody wrote it.
type moment struct {
	at, next homing.Millis // next: of a date, when the following one begins
	date     bool
}

// localTimes are how a calendar's field sends a time: it is one of the zone.
var localTimes = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}

// moment reads RFC 3339, a date or a time in the zone, or how long ago it was.
func (p *params) moment(field, text string, now homing.Millis, zone *time.Location) (m moment, ok bool) {
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		at := startOfDay(date.Year(), date.Month(), date.Day(), zone)
		next := startOfDay(date.Year(), date.Month(), date.Day()+1, zone)
		return moment{homing.MillisOf(at), homing.MillisOf(next), true}, true
	}
	for _, layout := range localTimes {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return moment{at: homing.MillisOf(at)}, true
		}
	}
	// A plus sign in a URL that nobody encoded arrives as a blank.
	if at, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "+", 1)); err == nil {
		return moment{at: homing.MillisOf(at)}, true
	}
	if ago, err := homing.ParseWindow(text); err == nil {
		return moment{at: now - homing.MillisIn(ago)}, true
	}
	p.faults.add(field, "%s is no time: want a date such as 2026-01-31, RFC 3339 such as 2026-01-31T12:00:00Z, or how long ago, such as 24h or 7d", quote(text))
	return m, false
}

// quarterAfter is the end of the quarter hour: questions of whole quarters can
// be answered from totals.
func quarterAfter(at homing.Millis) homing.Millis {
	const quarter = 15 * 60 * 1000
	return (at + quarter) / quarter * quarter
}

// startOfDay is the first moment of a local date. Where clocks go forward at
// midnight that is one o'clock; where they go back over it, the first of two
// midnights.
func startOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, zone)
	want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC) // normalized
	start, end := midnight.ZoneBounds()
	if midnight.Day() != want.Day() { // read with the offset of after the gap
		return end
	}
	if start.IsZero() {
		return midnight
	}
	_, now := midnight.Zone()
	_, before := start.Add(-time.Second).Zone()
	if earlier := midnight.Add(time.Duration(now-before) * time.Second); before > now && earlier.Before(start) {
		return earlier // there are two, and this is the first
	}
	return midnight
}
