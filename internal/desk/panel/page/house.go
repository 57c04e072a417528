// Package page is what every screen of the panel stands in: routes and who may
// use them, the visit, forms, templates, assets, answers to errors.
//
//	request ──► headers, cross-origin check, body limit ──► who asks (signin)
//	        ──► route ──► what the path names, and may they? ──► handler ──► page
//
// A screen (package door, tracking, postbacks, …) brings a table of routes, its
// templates, and how the things are found that its paths name. A handler reads,
// asks and answers. It never looks an account, a campaign or a postback up by a
// number from the URL: the router has done so, and has refused whoever may not
// see it, before the handler runs. So a new page cannot forget to ask.
//
// Pages are complete without script. Everything they show goes through
// html/template; there is no inline style or script, and the Content-Security-
// Policy forbids both.
//
// The engine's words have no place here, and an Account is called Advertiser.
package page

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
)

// Addresses are how the doors are reached, as base URLs without a slash at
// their end. Empty ones are not there.
type Addresses struct {
	Track    string // http://127.0.0.1:8080
	TrackTLS string // https://127.0.0.1:8443
	Desk     string
	Public   string // what the operator says clicks and postbacks are reached by
}

// Plain is the base of URLs that need no https: clicks, simple postbacks.
func (a Addresses) Plain() string {
	if a.Public != "" {
		return a.Public
	}
	return a.Track
}

// Rooms are what the screens reach. What only one screen needs is given to that
// screen instead.
type Rooms struct {
	Catalog *catalog.Catalog
	Journal *journal.Journal
	SignIn  *signin.SignIn
	Books   ledger.Books
	// Reports answers reports and lists; it may be away for a while, and then
	// gives homing.ErrUnavailable.
	Reports   *report.Engine
	Clock     homing.Clock
	Log       *slog.Logger
	Addresses func() Addresses
	// Zone is the one of the command line, which goes before what was settled in
	// the panel; nil if none was given.
	Zone *time.Location
	// Troubles are what is wrong now, in words: they stand above every page of
	// operators. It may not wait.
	Troubles func() []string
	// TrustedProxies are believed when they say whom a request comes from
	// (X-Forwarded-For); it counts for the bounds on tries and is stored with
	// the session.
	TrustedProxies []netip.Prefix
	// Stopping is closed when the server begins to end; live views end then.
	Stopping <-chan struct{}
}

// Screen is a part of the panel.
type Screen struct {
	Routes []Route
	// Pages holds pages/*.html: one page each, defining the template "content".
	// Names of pages are unique over all screens. part-*.html are shared by the
	// pages of the screen. nil = none.
	Pages fs.FS
	// Style is CSS for these pages, after everybody's.
	Style string
	// Scripts are modules of the screen's own, by name, which no other screen's
	// has: {{asset "name.js"}} is where one is loaded from.
	Scripts map[string]string
	// Named finds what names in the paths of any screen stand for.
	Named map[string]Find
}

// Find loads what a path names into the visit and tells whose it is. It gives
// homing.ErrNotFound if there is none.
type Find func(v *Visit, text string) (owner homing.AccountID, err error)

// house serves the pages.
type house struct {
	Rooms
	routes []Route
	named  map[string]Find
	pages  map[string]*page
	assets *assets
	files  *Places // of those who take files
}

// Handler serves every path of the desk listener that is nothing else's. A path
// that is not exactly one of the routes is 404, never a redirect; so do not put
// it behind http.ServeMux, which redirects unclean paths with their query.
//
// It panics if an embedded template or asset is broken, or two screens bring
// the same thing: then the program was built wrongly.
func Handler(rooms Rooms, screens ...Screen) http.Handler {
	p := &house{Rooms: rooms, files: NewPlaces(filesAtOnce, filesPerUser)}
	p.routes, p.named = Table(screens...)
	var err error
	if p.assets, err = loadAssets(screens); err != nil {
		panic(fmt.Sprintf("the panel's assets: %v", err))
	}
	if p.pages, err = loadPages(p.assets, screens); err != nil {
		panic(fmt.Sprintf("the panel's pages: %v", err))
	}
	return p.outside(p.SignIn.Recognize(http.HandlerFunc(p.serve), p.fail))
}

// Table is every route, and what finds the things that their patterns name.
func Table(screens ...Screen) (routes []Route, named map[string]Find) {
	routes = []Route{Get("/assets/{file}", Anyone, showAsset), Post("/theme", Anyone, setTheme), Post(stopViewingPath, SignedIn, stopViewing).Readers()}
	named = map[string]Find{"account": findAccount, "campaign": findCampaign}
	for _, s := range screens {
		routes = append(routes, s.Routes...)
		for name, find := range s.Named {
			if named[name] != nil {
				panic(fmt.Sprintf("two screens find {%s}", name))
			}
			named[name] = find
		}
	}
	return routes, named
}
