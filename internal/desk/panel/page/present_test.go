package page

import (
	"testing"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/flow/catalog"
)

func TestTimesAreShownInTheReadersZone(t *testing.T) {
	at := homing.MillisOf(time.Date(2026, 3, 29, 0, 30, 5, 0, time.UTC)) // before Berlin's clocks go forward
	for zone, want := range map[string][3]string{
		"UTC":            {"2026-03-29 00:30:05", "UTC", "2026-03-29"},
		"Europe/Berlin":  {"2026-03-29 01:30:05", "CET", "2026-03-29"},
		"Asia/Kathmandu": {"2026-03-29 06:15:05", "UTC+05:45", "2026-03-29"},
		"Pacific/Midway": {"2026-03-28 13:30:05", "SST", "2026-03-28"},
	} {
		now := Present{at, zoneNamed(zone)}
		if got := [3]string{moment(at, now), zoneAt(at, now), date(at, now)}; got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
	if got := moment(at); got != "2026-03-29 00:30:05" {
		t.Errorf("without a zone: %s", got)
	}
	if got := moment(at, at); got != "2026-03-29 00:30:05" {
		t.Errorf("with a bare moment: %s", got)
	}
}

func TestTheReadersZoneGoesBeforeTheInstallations(t *testing.T) {
	for _, c := range []struct {
		own, settled string
		flag         *time.Location
		want         string
	}{
		{"", "", nil, "UTC"},
		{"", "Europe/Paris", nil, "Europe/Paris"},
		{"", "Europe/Paris", time.UTC, "UTC"},
		{"", "Europe/Paris", zoneNamed("Asia/Tokyo"), "Asia/Tokyo"},
		{"America/Lima", "Europe/Paris", zoneNamed("Asia/Tokyo"), "America/Lima"},
		{"Mars/Olympus", "Local", nil, "UTC"},
	} {
		v := &Visit{
			Rooms: &Rooms{Zone: c.flag}, View: &catalog.View{Installation: homing.Installation{Zone: c.settled}},
			Who: &signin.Person{User: homing.User{Zone: c.own}},
		}
		if got := v.Local().String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestFigures(t *testing.T) {
	for text, want := range map[any]string{
		0: "0", 999: "999", 1000: "1,000", -1234567: "−1,234,567", "1234.50": "1,234.50", homing.Money(-1_500_000): "−1.50", uint64(12): "12",
	} {
		if got := Figure(text); got != want {
			t.Errorf("%v: %s, want %s", text, got, want)
		}
	}
}
