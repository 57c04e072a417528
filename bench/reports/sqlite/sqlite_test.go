package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/bench/reports/sqlite"
	"homing/bench/reports/traffic"
	"homing/internal/engine/warehouse"
)

// TestAgreesWithBooks asks for day × campaign across the end of summer time and
// compares every cell with what the generator counted.
func TestAgreesWithBooks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from := homing.MillisOf(time.Date(2026, 10, 1, 0, 0, 0, 0, berlin))
	until := homing.MillisOf(time.Date(2026, 10, 31, 0, 0, 0, 0, berlin))
	zone := warehouse.ZoneOf(berlin, from, until)
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "clicks.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	stream := traffic.New(1).Stream(traffic.Period{From: from, Until: until, Clicks: 20_000, Zone: zone, Batch: 5_000})
	defer stream.Close()
	var first *warehouse.Click
	for round := range stream.Rounds {
		if first == nil {
			row := round.Spool.Clicks[1234]
			first = &row
		}
		if _, err := store.Add(round, func(homing.Origin) bool { return true }); err != nil {
			t.Fatal(err)
		}
		stream.Give(round)
	}
	if err := store.Finish(context.Background()); err != nil {
		t.Fatal(err)
	}
	answer, err := store.Ask(context.Background(), &sqlite.Question{By: []string{"day", "campaign"}, From: from, Until: until, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	seen := traffic.Figures{}
	for _, g := range answer.Groups {
		var day, campaign int
		if _, err := fmt.Sscan(strings.ReplaceAll(g.Key, "\x00", " "), &day, &campaign); err != nil {
			t.Fatal(err)
		}
		want := *stream.Books().At(warehouse.Day(day), homing.CampaignID(campaign))
		got := traffic.Figures{Clicks: g.Clicks, Unique: g.Unique, Cost: g.Cost, Conversions: g.Conversions, Value: g.Value}
		if got != want {
			t.Fatalf("day %d, campaign %d: got %+v, want %+v", day, campaign, got, want)
		}
		seen.Clicks += got.Clicks
		seen.Conversions += got.Conversions
	}
	if seen.Clicks < 17_000 || seen.Conversions < 80 {
		t.Errorf("only %+v", seen)
	}
	if cost, err := store.Cost(first.Origin); err != nil || cost != first.Cost {
		t.Errorf("click %+v: got %v, %v, want %v", first.Origin, cost, err, first.Cost)
	}
}
