package settings

import (
	"slices"
	"testing"
	"time"
)

func TestEveryZoneThatIsOfferedIsKnown(t *testing.T) {
	for _, name := range zones {
		if _, err := time.LoadLocation(name); err != nil || name == "Local" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"} {
		if !slices.Contains(zones, name) {
			t.Errorf("%s is not offered", name)
		}
	}
}

// Each scope of a token has words.
func TestEveryScopeHasWords(t *testing.T) {
	var all = scopeWords[0].Scope
	for _, w := range scopeWords {
		all |= w.Scope
		if w.Means == "" {
			t.Errorf("%s has no words", w.Scope)
		}
	}
	if len(all.Names()) != len(scopeWords) {
		t.Errorf("%d scopes, %d words", len(all.Names()), len(scopeWords))
	}
}
