package page

import (
	_ "embed"
	"strings"
)

// zoneNames are the zones that fields offer: one for each place of the IANA's
// table. Others that the system knows can be typed.
//
//go:embed zones.txt
var zoneNames string

// zoneList is the template function zones, for the part "zone-field".
var zoneList = strings.Fields(zoneNames)
