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
}

// New is the screen.
func New(o Options) page.Screen {
	s := &screen{amender: o.Amender, shelf: newShelf()}
	return page.Screen{
		Pages: pages,
		Style: style,
		Named: map[string]page.Find{"conversion": s.find, "job": s.findJob},
		Routes: []page.Route{
			page.Get("/conversions", page.SignedIn, s.list),
			page.Get("/conversions/export", page.SignedIn, export).Lasts(),
			page.Get("/conversions/change", page.Operators, s.askForList).Managers(),
			page.Post("/conversions/change", page.Operators, s.preview).Takes(amend.MaxText + formRoom),
			page.Get("/conversions/change/{job}", page.Operators, s.showJob).Managers(),
			page.Post("/conversions/change/{job}", page.Operators, s.carryOut).Lasts(),
			page.Get("/conversions/change/{job}/result", page.Operators, s.download).Managers().Lasts(),
			page.Get("/conversions/{conversion}", page.SignedIn, s.show),
			page.Post("/conversions/{conversion}/status", page.Operators, s.change),
		},
	}
}

// formRoom is how many bytes a form may have beside its list.
const formRoom = 64 << 10
