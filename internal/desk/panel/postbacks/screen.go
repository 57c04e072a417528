// Package postbacks is the postback log: every call, whatever its fate, as it
// comes in and for as long as it is kept; what was wrong with it and how to mend
// that; and the replay of calls that were refused for something that has been
// mended since.
//
//	URL ──► filters ──┬► reports (the warehouse) ─┬► lines ──► page, row by row or
//	                  └► journal (memory) ────────┘            grouped by reason
//	                  └► journal.Watch ──► live, row by row
//	                  └► reports ──► CSV
package postbacks

import (
	"embed"

	"homing/internal/desk/panel/page"
	"homing/internal/flow/rehearse"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

//go:embed script.js
var script string

// Options are what the screen needs besides the rooms.
type Options struct {
	// Court replays calls; nil = there are no replays.
	Court *rehearse.Court
	// Shared: other nodes take calls, too, which stand here when they are loaded. The
	// page says up to when that is.
	Shared bool
}

// New is the screen.
func New(o Options) page.Screen {
	live := streams{page.NewPlaces(liveAtOnce, livePerUser)}
	replays := replays{o.Court}
	return page.Screen{
		Pages: pages, Style: style, Scripts: map[string]string{"postbacks.js": script},
		Named: map[string]page.Find{"postback": findPostback},
		Routes: []page.Route{
			page.Get("/postbacks", page.SignedIn, lists{o.Shared}.show),
			page.Get("/postbacks/live", page.SignedIn, live.stream).Lasts(),
			page.Get("/postbacks/export", page.SignedIn, export).Lasts(),
			page.Get("/postbacks/{postback}", page.SignedIn, showPostback),
			page.Get("/postbacks/{postback}/replay", page.Operators, replays.show),
			page.Post("/postbacks/{postback}/replay", page.Operators, replays.commit),
		},
	}
}
