package homing

import (
	"strings"
	"time"
)

// LoadZone finds the IANA's time zone of a name, such as Europe/Berlin, or UTC.
//
// Systems keep more beside the zones, which is refused: another one on every
// machine ("Local", "localtime"), rules for zones without any, and right/, which
// counts leap seconds, so that days of it begin at wrong moments.
func LoadZone(name string) (*time.Location, error) {
	switch {
	case name == "", name == "Local", name == "localtime", name == "posixrules", name == "Factory",
		strings.HasPrefix(name, "right/"), strings.HasPrefix(name, "posix/"), len(name) > 64:
		return nil, ErrNotFound
	}
	return time.LoadLocation(name)
}
