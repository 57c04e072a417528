package statement

import (
	"fmt"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

const (
	hour = 3_600_000
	day  = 24 * hour
)

// key is the key of a dimension, of a source's rows. It has no arguments.
func (w *writer) key(s source, d warehouse.Dimension) string {
	if !d.IsTime() {
		return s.columns(d)
	}
	return timeKey(w.dialect, d, s.time, w.zone)
}

// timeKey is warehouse.Zone.KeyAt in SQL. No time is before 1970 in any zone,
// so that quotients and remainders are what they are in every language.
func timeKey(dialect Dialect, d warehouse.Dimension, at string, zone warehouse.Zone) string {
	local := localTime(at, zone)
	date := dialect.Quotient(local, day)
	switch d {
	case warehouse.Hour:
		return fmt.Sprintf("(%s - %s %% %d)", at, local, hour)
	case warehouse.DayOf:
		return date
	case warehouse.Week:
		return fmt.Sprintf("(%s - (%s + 3) %% 7)", date, date)
	case warehouse.Month:
		return dialect.Month(date)
	case warehouse.HourOfDay:
		return dialect.Quotient(fmt.Sprintf("(%s %% %d)", local, day), hour)
	default: // warehouse.Weekday
		return fmt.Sprintf("((%s + 3) %% 7 + 1)", date)
	}
}

// localTime adds the zone's offset to a time.
func localTime(at string, zone warehouse.Zone) string {
	switch {
	case len(zone) == 0 || len(zone) == 1 && zone[0].Offset == 0:
		return at
	case len(zone) == 1:
		return fmt.Sprintf("(%s + %d)", at, zone[0].Offset)
	}
	var offset strings.Builder
	offset.WriteString("CASE")
	for i := len(zone) - 1; i > 0; i-- {
		fmt.Fprintf(&offset, " WHEN %s >= %d THEN %d", at, zone[i].From, zone[i].Offset)
	}
	return fmt.Sprintf("(%s + %s ELSE %d END)", at, offset.String(), zone[0].Offset)
}

// within is the part of a zone that matters to a range.
func within(zone warehouse.Zone, from, until homing.Millis) warehouse.Zone {
	for len(zone) > 1 && zone[1].From <= from {
		zone = zone[1:]
	}
	for len(zone) > 1 && zone[len(zone)-1].From >= until {
		zone = zone[:len(zone)-1]
	}
	return zone
}
