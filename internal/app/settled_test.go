package app

import (
	"log/slog"
	"testing"
	"time"

	"homing"
)

// What is settled in the panel is in force at once; what was given goes before it.
func TestWhatIsSettledGoesBehindWhatIsGiven(t *testing.T) {
	open := func(cfg Config) *house {
		t.Helper()
		cfg.DataDir = t.TempDir()
		h, err := openHouse(t.Context(), &cfg, time.Now, slog.New(slog.DiscardHandler), func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		return h
	}
	settle := func(h *house) {
		t.Helper()
		_, err := h.catalog.UpdateInstallation(t.Context(), "test", func(i *homing.Installation) {
			i.PublicURL, i.Zone = "https://settled.example", "Asia/Tokyo"
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(h *house, given, url, zone string) {
		t.Helper()
		if got := h.publicURL(given); got != url {
			t.Errorf("the public URL is %q, want %q", got, url)
		}
		if got := h.zone().String(); got != zone {
			t.Errorf("the zone is %s, want %s", got, zone)
		}
		if got := h.controlDesk().Zone().String(); got != zone {
			t.Errorf("the command line's zone is %s, want %s", got, zone)
		}
	}
	h := open(Config{})
	want(h, "", "", "UTC")
	settle(h)
	want(h, "", "https://settled.example", "Asia/Tokyo")
	given := open(Config{TimeZone: "UTC"})
	settle(given)
	want(given, "https://given.example/", "https://given.example", "UTC")
	for _, zone := range []string{"Local", "Nowhere/Land"} {
		cfg := Config{DataDir: t.TempDir(), TimeZone: zone}
		if _, err := openHouse(t.Context(), &cfg, time.Now, slog.New(slog.DiscardHandler), func(error) {}); err == nil {
			t.Errorf("--time-zone %s is taken", zone)
		}
	}
}
