package app

import (
	"fmt"
	"strings"
	"time"

	"homing"
)

// What the operators settle in the panel is in force at once. What was given on
// the command line, in the environment or in the settings file goes before it.

// publicURL is how clicks and postbacks are reached from outside; "" if nobody
// said.
func (h *house) publicURL(given string) string {
	if given != "" {
		return strings.TrimSuffix(given, "/")
	}
	return h.catalog.View().Installation.PublicURL
}

// deskURL is how the panel is reached from outside; "" if nobody said.
func (h *house) deskURL(given string) string {
	if given != "" {
		return strings.TrimSuffix(given, "/")
	}
	return h.catalog.View().Installation.DeskURL
}

// zone is what days are of unless a question says otherwise.
func (h *house) zone() *time.Location {
	if h.givenZone != nil {
		return h.givenZone
	}
	zone, err := homing.LoadZone(h.catalog.View().Installation.Zone)
	if err != nil {
		// None is settled, or it was by a homing that knew more zones.
		return time.UTC
	}
	return zone
}

func givenZone(cfg *Config) (*time.Location, error) {
	if cfg.TimeZone == "" {
		return nil, nil
	}
	zone, err := homing.LoadZone(cfg.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("%w --time-zone %q: want a name such as Europe/Berlin or UTC", homing.ErrInvalid, cfg.TimeZone)
	}
	return zone, nil
}
