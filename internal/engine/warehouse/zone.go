package warehouse

import (
	"time"

	"homing"
)

// Day is a date (UTC unless said otherwise) in days since 1970-01-01.
type Day int32

// Ever is before every day.
const Ever Day = -1 << 31

const dayMillis = 24 * 60 * 60 * 1000

// DayAt is the UTC date of a moment.
func DayAt(at homing.Millis) Day { return Day(floorDiv(int64(at), dayMillis)) }

// Start is the first moment of the day, in UTC.
func (d Day) Start() homing.Millis { return homing.Millis(d) * dayMillis }

func (d Day) String() string { return d.Start().Time().UTC().Format(time.DateOnly) }

// Zone is what a time zone does to a range of time: stretches, in order, each
// with its offset from UTC. The first holds for all before it, too. Stores need
// no zone tables of their own, and agree with each other.
type Zone []Stretch

// Stretch is a time with one offset, from From on.
type Stretch struct {
	From   homing.Millis
	Offset int64 // local time minus UTC, in milliseconds
}

// ZoneOf reads off a location what it does between from and until.
func ZoneOf(location *time.Location, from, until homing.Millis) Zone {
	var zone Zone
	for at := from; ; {
		moment := at.Time().In(location)
		_, seconds := moment.Zone()
		offset := int64(seconds) * 1000
		if len(zone) == 0 || zone[len(zone)-1].Offset != offset {
			zone = append(zone, Stretch{From: at, Offset: offset})
		}
		_, end := moment.ZoneBounds()
		if end.IsZero() || homing.MillisOf(end) >= until {
			return zone
		}
		at = homing.MillisOf(end)
	}
}

// Offset is the offset at a moment.
func (z Zone) Offset(at homing.Millis) int64 {
	var offset int64
	for i, s := range z {
		if i > 0 && at < s.From {
			break
		}
		offset = s.Offset
	}
	return offset
}

// KeyAt is the key of a dimension of time at a moment: what stores work out in
// their own language, said once in ours.
func (z Zone) KeyAt(d Dimension, at homing.Millis) int64 {
	local := int64(at) + z.Offset(at)
	day := floorDiv(local, dayMillis)
	switch d {
	case Hour:
		return int64(at) - floorMod(local, 3_600_000)
	case DayOf:
		return day
	case Week:
		return day - floorMod(day+3, 7) // 1970-01-01 was a Thursday
	case Month:
		date := time.UnixMilli(local).UTC()
		return int64(date.Year())*12 + int64(date.Month()) - 1
	case HourOfDay:
		return floorMod(local, dayMillis) / 3_600_000
	case Weekday:
		return floorMod(day+3, 7) + 1
	}
	panic("warehouse: " + d.String() + " is no dimension of time")
}

func floorDiv(a, b int64) int64 { return (a - floorMod(a, b)) / b }

func floorMod(a, b int64) int64 { return (a%b + b) % b }
