package report

import (
	"fmt"
	"slices"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// aligned tells whether buckets of the dimension are counted from the beginning
// of a range, when it is compared with another: day 1 with day 1. Hours of the
// day and weekdays are compared with themselves.
func aligned(d warehouse.Dimension) bool { return d <= warehouse.Month }

// bucketName is what the dimension's bucket is called.
func bucketName(d warehouse.Dimension) string {
	if d == warehouse.HourOfDay {
		return "hour of the day"
	}
	return d.String()
}

const (
	hourMillis = 3_600_000
	dayMillis  = 24 * hourMillis
)

// countAbout is how many buckets a range has, give or take one or two.
func countAbout(d warehouse.Dimension, from, until homing.Millis) int {
	long := map[warehouse.Dimension]homing.Millis{
		warehouse.Hour: hourMillis, warehouse.DayOf: dayMillis, warehouse.Week: 7 * dayMillis, warehouse.Month: 30 * dayMillis,
	}[d]
	return int((until - from + long - 1) / long)
}

// buckets are the keys of a dimension of time that a range touches, in order. It
// goes from one local boundary to the next, and stops where the offset changes:
// there a bucket may begin or end too.
func buckets(d warehouse.Dimension, zone warehouse.Zone, from, until homing.Millis) (keys []int64) {
	switch d {
	case warehouse.HourOfDay:
		return numbers(0, 23)
	case warehouse.Weekday:
		return numbers(1, 7)
	}
	step := homing.Millis(dayMillis)
	if d == warehouse.Hour {
		step = hourMillis
	}
	for at := from; at < until; {
		if key := zone.KeyAt(d, at); len(keys) == 0 || keys[len(keys)-1] != key {
			keys = append(keys, key)
		}
		local := at + homing.Millis(zone.Offset(at))
		next := at + step - (local%step+step)%step
		for i, s := range zone {
			if i > 0 && s.From > at && s.From < next {
				next = s.From
			}
		}
		at = next
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func numbers(from, to int64) (keys []int64) {
	for n := from; n <= to; n++ {
		keys = append(keys, n)
	}
	return keys
}

// timeCells are the labels of a key of time.
func timeCells(d warehouse.Dimension, key int64, zone *time.Location) []Cell {
	switch d {
	case warehouse.Hour:
		return []Cell{{Text: homing.Millis(key).Time().In(zone).Format(time.RFC3339), Number: key}}
	case warehouse.DayOf:
		return []Cell{dateCell(key)}
	case warehouse.Week:
		year, week := time.UnixMilli(key * dayMillis).UTC().ISOWeek()
		return []Cell{{Text: fmt.Sprintf("%04d-W%02d", year, week), Number: key}, dateCell(key)}
	case warehouse.Month:
		return []Cell{{Text: fmt.Sprintf("%04d-%02d", key/12, key%12+1), Number: key}}
	}
	return []Cell{numberCell(key)}
}

func dateCell(day int64) Cell {
	return Cell{Text: warehouse.Day(day).String(), Number: day}
}
