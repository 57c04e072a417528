package page

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a bare machine has no zones of its own

	"homing"
)

// Present is now, for somebody who reads: the moment, and the zone that times
// are shown in. Templates have it as .Now and hand it on with each time they
// show: {{template "time" (part .At $now)}}.
type Present struct {
	At   homing.Millis
	Zone *time.Location
}

// Local is the zone that times are shown in, and days begin in: the reader's
// own, else the installation's.
func (v *Visit) Local() *time.Location {
	if v.Who != nil && v.Who.Zone != "" {
		if zone := zoneNamed(v.Who.Zone); zone != nil {
			return zone
		}
	}
	if v.Rooms.Zone != nil {
		return v.Rooms.Zone
	}
	if zone := zoneNamed(v.View.Installation.Zone); zone != nil {
		return zone
	}
	return time.UTC
}

// Present is the visit's.
func (v *Visit) Present() Present { return Present{v.Now, v.Local()} }

var zones sync.Map // names and the *time.Location they stand for

// zoneNamed finds a zone of the IANA's; nil if there is none. Only names that
// are kept somewhere come here, so the map stays small.
func zoneNamed(name string) *time.Location {
	if found, ok := zones.Load(name); ok {
		return found.(*time.Location)
	}
	zone, err := homing.LoadZone(name)
	if err != nil {
		return nil
	}
	zones.Store(name, zone)
	return zone
}

// presentOf is the last argument of the functions on times: a Present, or a
// moment by itself, in UTC.
func presentOf(now any) Present {
	switch now := now.(type) {
	case Present:
		if now.Zone != nil {
			return now
		}
		return Present{now.At, time.UTC}
	case homing.Millis:
		return Present{now, time.UTC}
	}
	panic(fmt.Sprintf("a page says %T for now", now)) // caught by the template
}

const (
	momentLayout = "2006-01-02 15:04:05"
	dateLayout   = "2006-01-02"
)

// moment is a time as tables show it: in the zone of now if it is given, else in
// UTC.
func moment(m homing.Millis, now ...any) string {
	if len(now) == 0 {
		return m.Time().Format(momentLayout)
	}
	return m.Time().In(presentOf(now[0]).Zone).Format(momentLayout)
}

// date is the day of a time, in the zone of now.
func date(m homing.Millis, now any) string {
	return m.Time().In(presentOf(now).Zone).Format(dateLayout)
}

// zoneAt is what the zone of now is called at a time: "CET", "UTC+05:45".
func zoneAt(m homing.Millis, now any) string {
	at := m.Time().In(presentOf(now).Zone)
	name := at.Format("MST")
	if strings.Trim(name, "+-0123456789") == "" {
		return "UTC" + at.Format("-07:00")
	}
	return name
}

// zoneOf is the zone of now: "Europe/Berlin".
func zoneOf(now any) string { return presentOf(now).Zone.String() }
