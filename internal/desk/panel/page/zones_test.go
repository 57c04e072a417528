package page

import (
	"slices"
	"testing"
	"time"
)

func TestEveryZoneThatIsOfferedIsKnown(t *testing.T) {
	for _, name := range zoneList {
		if _, err := time.LoadLocation(name); err != nil || name == "Local" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"} {
		if !slices.Contains(zoneList, name) {
			t.Errorf("%s is not offered", name)
		}
	}
}
