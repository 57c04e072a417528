// Package home is where everybody begins: what is still to do until the first
// real conversion comes in, and from then on the way to the page they come for.
// The first operator settles here, too, what holds for the whole.
//
// The checklist is stored nowhere. What is done is worked out from settings,
// ledger, journal and warehouse each time, so nothing turns green by a click.
package home

import (
	"embed"

	"homing/internal/desk/panel/page"
	"homing/internal/flow/demo"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

type screen struct {
	demo  *demo.Demo
	known known
}

// New is the screen. d fills and removes the demo advertiser.
func New(d *demo.Demo) page.Screen {
	s := &screen{demo: d}
	return page.Screen{
		Pages: pages, Style: style,
		Routes: []page.Route{
			page.Get("/", page.SignedIn, s.lead),                    // the checklist, or the page one comes for
			page.Get("/start", page.SignedIn, s.show),               // the checklist, also when it is done
			page.Get("/setup", page.Operators, showSetup).Owners(),  // what the first operator is asked
			page.Post("/setup", page.Operators, setUp).Owners(),     //
			page.Post("/demo", page.Operators, s.fillDemo),          // begins, and shows how far it has come
			page.Post("/demo/remove", page.Operators, s.removeDemo), //
		},
	}
}
