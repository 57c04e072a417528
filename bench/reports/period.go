package main

import (
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/warehouse"
)

// The month lies across the end of summer time, so that the zone costs what a
// zone can cost. The last half hour of its last local day is left for the clicks
// that come in while questions are asked: they are in the range of the questions.
const (
	zoneName  = "Europe/Berlin"
	firstDate = "2026-10-01"
	lastDate  = "2026-10-30"
	liveRoom  = 30 * time.Minute

	// batchClicks are those of a flush when much is to be loaded.
	batchClicks = 245_760
)

// month is the range of the questions, and its zone.
func month() (from, until homing.Millis, zone *time.Location, err error) {
	zone, err = time.LoadLocation(zoneName)
	if err != nil {
		return 0, 0, nil, err
	}
	first, err := time.ParseInLocation(time.DateOnly, firstDate, zone)
	if err != nil {
		return 0, 0, nil, err
	}
	return homing.MillisOf(first), homing.MillisOf(first.AddDate(0, 0, 30)), zone, nil
}

// period is what is generated.
func period(clicks int64) (traffic.Period, error) {
	from, until, zone, err := month()
	end := until - homing.MillisIn(liveRoom)
	return traffic.Period{From: from, Until: end, Clicks: clicks, Zone: warehouse.ZoneOf(zone, from, until), Batch: batchClicks}, err
}
