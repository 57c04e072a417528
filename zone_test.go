package homing_test

import (
	"testing"
	_ "time/tzdata"

	"homing"
)

func TestOnlyZonesOfTheIANAAreZones(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "EST5EDT", "Etc/GMT+5"} {
		if zone, err := homing.LoadZone(name); err != nil || zone.String() != name {
			t.Errorf("%s: %v, %v", name, zone, err)
		}
	}
	for _, name := range []string{"", "Local", "localtime", "posixrules", "Factory", "right/Europe/Berlin", "posix/Europe/Berlin", "../UTC", "/etc/localtime", "Europe/Atlantis"} {
		if zone, err := homing.LoadZone(name); err == nil {
			t.Errorf("%q is %v", name, zone)
		}
	}
}
