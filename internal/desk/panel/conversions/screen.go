// Package conversions is about conversions: what was decided, one by one, and
// the operators' word on it. Advertisers look; operators who are managers
// approve, reject, restore, and accept late ones, each with a reason that stays
// in the history. Nothing is ever deleted.
//
//	filters in the URL ──► report (which ones) ──► ledger (as they stand now) ──► list
//	pasted list, file, ticked rows ──► preview, kept on a shelf ──► carried out ──► result
package conversions

import (
	"embed"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/amend"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// Options are what the screen needs beside everybody's rooms.
type Options struct {
	Amender *amend.Amender
}

// screen has what its handlers share.
type screen struct {
	amender *amend.Amender
	shelf   *shelf
	files   chan struct{} // places of those who take files
}

// maxFiles is how many files are written at once: each keeps the reports busy.
const maxFiles = 4

// New is the screen.
func New(o Options) page.Screen {
	s := &screen{amender: o.Amender, shelf: newShelf(), files: make(chan struct{}, maxFiles)}
	return page.Screen{
		Pages: pages,
		Style: style,
		Named: map[string]page.Find{"conversion": s.find, "job": s.findJob},
		Routes: []page.Route{
			page.Get("/conversions", page.SignedIn, s.list),
			page.Get("/conversions/export", page.SignedIn, s.export).Lasts(),
			managers(page.Get("/conversions/change", page.Operators, s.askForList)),
			page.Post("/conversions/change", page.Operators, s.preview).Takes(amend.MaxText + formRoom),
			managers(page.Get("/conversions/change/{job}", page.Operators, s.showJob)),
			page.Post("/conversions/change/{job}", page.Operators, s.carryOut).Lasts(),
			managers(page.Get("/conversions/change/{job}/result", page.Operators, s.download)),
			page.Get("/conversions/{conversion}", page.SignedIn, s.show),
			page.Post("/conversions/{conversion}/status", page.Operators, s.change),
		},
	}
}

// managers keeps a page from those who could not send its form.
func managers(r page.Route) page.Route { r.Level = homing.Manager; return r }
