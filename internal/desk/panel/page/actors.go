package page

import (
	"strings"

	"homing"
)

// Actors say who did something: the ledger keeps "user 3", people read an
// address. Advertisers are told of their own people by name, of everybody else as
// the operator.
type Actors struct {
	names    map[string]string
	operator bool
}

// Actors names the given users, as far as the visitor may know them.
func (v *Visit) Actors(users []homing.User) Actors {
	a := Actors{names: map[string]string{}, operator: v.Who.Operator()}
	for _, u := range users {
		if a.operator || u.Account == v.Who.Account {
			a.names["user "+u.ID.String()] = u.Email
		}
	}
	return a
}

// Name is an actor in words. An API token is told by its number.
func (a Actors) Name(actor string) string {
	if name := a.names[actor]; name != "" {
		return name
	}
	switch {
	case actor == "postback":
		return "a postback"
	case strings.HasPrefix(actor, "token "):
		return "API " + actor
	case actor == "homing":
		return "homing itself"
	case !a.operator:
		return "the operator"
	case actor == "command line" || actor == "set-up":
		return "the " + actor
	}
	return actor
}
