package homing

import (
	"fmt"
	"strings"
)

// Token is a bearer token of the HTTP API, as it is stored. Its text is shown
// once, when it is made; only a hash is kept.
type Token struct {
	ID      TokenID   `json:"id"`
	Name    string    `json:"name"`
	Account AccountID `json:"account,omitempty"` // 0 = the operator's: every account
	Scopes  Scopes    `json:"scopes"`
	Hash    KeyHash   `json:"-"`
	Created Millis    `json:"created"`
	Expires Millis    `json:"expires,omitempty"` // 0 = never
	Revoked Millis    `json:"revoked,omitempty"` // 0 = not
	Used    Millis    `json:"used,omitempty"`    // last use, to the minute; 0 = never
}

// TokenID numbers tokens, from 1.
type TokenID uint32

// Scopes is a set of what a token may do.
type Scopes uint16

const (
	ScopeReports Scopes = 1 << iota
	ScopeClicks
	ScopePostbacks
	ScopeConversions
	ScopeConversionsWrite // move their status
	ScopeSettings         // read accounts, keys (never their text) and campaigns
	ScopeSettingsWrite
)

// AllScopes holds every scope.
const AllScopes = ScopeSettingsWrite<<1 - 1

var scopeNames = []string{
	"reports:read", "clicks:read", "postbacks:read", "conversions:read", "conversions:write",
	"settings:read", "settings:write",
}

// Has tells whether all of t are in the set.
func (s Scopes) Has(t Scopes) bool { return s&t == t }

// Names lists the scopes' names.
func (s Scopes) Names() []string {
	names := []string{}
	for i, name := range scopeNames {
		if s.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

func (s Scopes) String() string { return strings.Join(s.Names(), ",") }

// ParseScopes reads names of scopes; "all" is every one.
func ParseScopes(names ...string) (s Scopes, err error) {
next:
	for _, name := range names {
		if name == "all" {
			s |= AllScopes
			continue
		}
		for i, known := range scopeNames {
			if name == known {
				s |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("%w scope %q: want all, or some of %s", ErrInvalid, name, strings.Join(scopeNames, ", "))
	}
	return s, nil
}

// MarshalJSON writes the list of names.
func (s Scopes) MarshalJSON() ([]byte, error) {
	names := s.Names()
	if len(names) == 0 {
		return []byte("[]"), nil
	}
	return []byte(`["` + strings.Join(names, `","`) + `"]`), nil
}
