package api

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"homing"
)

// prefix is where the API lives.
const prefix = "/api/v1"

// audience tells whose tokens may use a route, beside the scope.
type audience uint8

const (
	anyone    audience = iota + 1 // no token is asked for
	everybody                     // the operator's tokens, and an account's within its account
	operators                     // the operator's tokens only
)

// route is one line of the table. Patterns are exact; {name} stands for one
// segment. {account}, {campaign}, {key}, {click_id} and {conversion} are looked up
// and checked before the handler runs, on every route they stand on.
type route struct {
	method, pattern string // below prefix
	who             audience
	scope           homing.Scopes
	handle          func(*call) error
	largest         int64 // bytes of the body; 0 = maxBody

	// What OpenAPI tells of it.
	id, summary, about string
	params             []param // of the query
	body               any     // a value of the type that is read, or a slice of a list's; nil = none
	answers            []answer
}

// answer is one way a route ends well.
type answer struct {
	status int
	about  string
	body   any      // a value of the type that is written
	files  []string // other media types, that format= asks for
}

func (r *route) name() string { return r.method + " " + r.pattern }

// match returns the values of a pattern's names. Paths are compared as they were
// sent; a name's value is decoded, once.
func (r *route) match(path string) (map[string]string, bool) {
	want, got := strings.Split(prefix+r.pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	names := map[string]string{}
	for i, segment := range want {
		name, isName := strings.CutPrefix(segment, "{")
		if !isName {
			if segment != got[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" || got[i] == "." || got[i] == ".." || !utf8.ValidString(value) {
			return nil, false
		}
		names[strings.TrimSuffix(name, "}")] = value
	}
	return names, true
}

// find returns the route of a request. The first that fits in path and method
// counts. HEAD is no GET: an answer costs the same with and without its body.
func (a *api) find(r *http.Request) (*route, map[string]string, error) {
	var allowed []string
	path := r.URL.EscapedPath()
	for i := range a.routes {
		route := &a.routes[i]
		names, ok := route.match(path)
		if ok && route.method == r.Method {
			return route, names, nil
		}
		if ok {
			allowed = append(allowed, route.method)
		}
	}
	if allowed == nil {
		return nil, nil, fmt.Errorf("path: %w", homing.ErrNotFound)
	}
	slices.Sort(allowed)
	return nil, nil, wrongMethod(slices.Compact(allowed))
}

// serve finds the route, checks who asks for what, and lets the handler answer.
func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	route, names, err := a.find(r)
	if err != nil {
		a.fail(w, r, "unknown route", err)
		return
	}
	c := &call{api: a, w: w, r: r, ctx: r.Context(), route: route, names: names, view: a.Catalog.View(), now: homing.MillisOf(a.Clock())}
	if err := c.admit(); err != nil {
		a.fail(w, r, route.name(), err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, cmp.Or(route.largest, maxBody))
	if err := route.handle(c); err != nil {
		a.fail(w, r, route.name(), err)
		return
	}
	if p, ok := c.w.(*patientWriter); ok {
		p.finish()
	}
}
