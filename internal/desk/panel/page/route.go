package page

import (
	"net/http"
	"strings"

	"homing"
)

// Audience tells who may use a route.
type Audience uint8

const (
	Anyone Audience = iota + 1
	// SignedIn is whoever is signed in; what the path or ?account= names must be
	// theirs to see.
	SignedIn
	// Operators only.
	Operators
)

// Route is one line of a screen's table. Patterns are exact; {name} stands for
// one segment. Names that some screen can find, such as {account} and
// {campaign}, are looked up and checked before the handler runs, on every route
// they stand on.
type Route struct {
	Method, Pattern string
	Who             Audience
	// Level is the least that one must be to use it, among one's own people.
	Level homing.Level
	Do    func(*Visit) error
	// Lasting routes are not bounded in time: live views and downloads.
	Lasting bool
	// Largest is how many bytes a form may have; 0 = maxBody.
	Largest int64
}

// Get is a page, which everybody of the audience may read. It changes nothing.
func Get(pattern string, who Audience, do func(*Visit) error) Route {
	return Route{Method: http.MethodGet, Pattern: pattern, Who: who, Level: homing.ReadOnly, Do: do}
}

// Post is a form, which takes a manager to send.
func Post(pattern string, who Audience, do func(*Visit) error) Route {
	return Route{Method: http.MethodPost, Pattern: pattern, Who: who, Level: homing.Manager, Do: do}
}

// Owners leaves the route to owners.
func (r Route) Owners() Route { r.Level = homing.Owner; return r }

// Managers leaves a page to those who could send its form.
func (r Route) Managers() Route { r.Level = homing.Manager; return r }

// Readers opens a form to those who may only read: it changes nothing but what
// is their own.
func (r Route) Readers() Route { r.Level = homing.ReadOnly; return r }

// Lasts lets the answer take as long as it takes.
func (r Route) Lasts() Route { r.Lasting = true; return r }

// Takes lets the form be as large as most bytes.
func (r Route) Takes(most int64) Route { r.Largest = most; return r }

// match returns the values of a pattern's names; nil if it has none. Paths are
// compared as they were sent: an encoded or unclean path is no page of ours. It is
// asked of every route for every page, so it makes nothing for those that differ.
func (r *Route) match(path string) (params map[string]string, ok bool) {
	want, got, more := r.Pattern, path, true
	for more {
		var segment, sent string
		var sentMore bool
		segment, want, more = strings.Cut(want, "/")
		sent, got, sentMore = strings.Cut(got, "/")
		name, isName := strings.CutPrefix(segment, "{")
		if more != sentMore || isName && sent == "" || !isName && segment != sent {
			return nil, false
		}
		if isName {
			if params == nil {
				params = map[string]string{}
			}
			params[strings.TrimSuffix(name, "}")] = sent
		}
	}
	return params, true
}
