// Package campaigns is about campaigns: advertisers look, operators change.
package campaigns

import (
	"embed"

	"homing"
	"homing/internal/desk/panel/page"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// New is the screen.
func New() page.Screen {
	return page.Screen{
		Pages: pages,
		Style: style,
		Routes: []page.Route{
			page.Get("/campaigns", page.SignedIn, listCampaigns),
			managers(page.Get("/campaigns/new", page.Operators, newCampaign)), // also as a copy: ?like=
			page.Post("/campaigns/new", page.Operators, createCampaign),       // or only previews
			page.Get("/campaigns/{campaign}", page.SignedIn, showCampaign),
			page.Post("/campaigns/{campaign}", page.Operators, updateCampaign), // or only previews
			page.Post("/campaigns/{campaign}/status", page.Operators, setCampaignStatus),
		},
	}
}

// managers keeps a page from those who could not send its form.
func managers(r page.Route) page.Route { r.Level = homing.Manager; return r }
