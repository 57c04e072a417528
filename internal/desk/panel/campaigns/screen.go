// Package campaigns is about campaigns: advertisers look, operators change.
package campaigns

import (
	"embed"

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
			page.Get("/campaigns/new", page.Operators, newCampaign).Managers(), // also as a copy: ?like=
			page.Post("/campaigns/new", page.Operators, createCampaign),        // or only previews
			page.Get("/campaigns/{campaign}", page.SignedIn, showCampaign),
			page.Post("/campaigns/{campaign}", page.Operators, updateCampaign), // or only previews
			page.Post("/campaigns/{campaign}/status", page.Operators, setCampaignStatus),
		},
	}
}
