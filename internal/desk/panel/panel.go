// Package panel is the door for people: server-rendered pages for operators,
// and for the advertisers who are their clients.
//
//	request ──► headers, cross-origin check, body limit ──► who asks (signin)
//	        ──► route ──► what the path names, and may they? ──► handler ──► page
//
// A handler reads, asks and answers. It never looks an account, a campaign or
// a postback up by a number from the URL: the router has done so, and has
// refused whoever may not see it, before the handler runs. So a new page cannot
// forget to ask.
//
// Pages are complete without script. Everything they show goes through
// html/template; there is no inline style or script, and the Content-Security-
// Policy forbids both.
//
// The engine's words have no place here, and an Account is called Advertiser.
package panel

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

// Addresses are how the doors are reached, as base URLs without a slash at
// their end. Empty ones are not there.
type Addresses struct {
	Track    string // http://127.0.0.1:8080
	TrackTLS string // https://127.0.0.1:8443
	Desk     string
	Public   string // what the operator says clicks and postbacks are reached by
}

// Options are what a Panel is made of.
type Options struct {
	Catalog   *catalog.Catalog
	Journal   *journal.Journal
	SignIn    *signin.SignIn
	Books     ledger.Books
	Clock     homing.Clock
	Log       *slog.Logger
	Addresses func() Addresses
	// System tells how the installation is doing, Troubles what is wrong now, in
	// words: they stand above every page of operators. Neither may wait.
	System   func() System
	Troubles func() []string
	// TrustedProxies are believed when they say whom a request comes from
	// (X-Forwarded-For); it counts for the bounds on tries and is stored with
	// the session.
	TrustedProxies []netip.Prefix
}

// panel serves the pages.
type panel struct {
	Options
	routes []route
	pages  map[string]*page
	assets *assets
}

// New returns the handler for every path of the desk listener that is nothing
// else's. A path that is not exactly one of the routes is 404, never a
// redirect; so do not put it behind http.ServeMux, which redirects unclean
// paths with their query.
//
// It panics if an embedded template or asset is broken: then the program was
// built wrongly.
func New(o Options) http.Handler {
	p := &panel{Options: o, routes: routes()}
	var err error
	if p.assets, err = loadAssets(); err != nil {
		panic(fmt.Sprintf("the panel's assets: %v", err))
	}
	if p.pages, err = loadPages(p.assets); err != nil {
		panic(fmt.Sprintf("the panel's pages: %v", err))
	}
	return p.outside(p.SignIn.Recognize(http.HandlerFunc(p.serve), p.fail))
}
