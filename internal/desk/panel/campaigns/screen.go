// Package campaigns is about campaigns: advertisers look, operators change.
package campaigns

import (
	"embed"

	"homing/internal/desk/panel/page"
)

//go:embed pages
var pages embed.FS

// New is the screen.
func New() page.Screen {
	return page.Screen{
		Pages: pages,
		Routes: []page.Route{
			page.Get("/campaigns", page.SignedIn, listCampaigns),
			page.Get("/campaigns/new", page.Operators, newCampaign),
			page.Post("/campaigns/new", page.Operators, createCampaign), // or only previews
			page.Get("/campaigns/{campaign}", page.SignedIn, showCampaign),
			page.Post("/campaigns/{campaign}", page.Operators, updateCampaign), // or only previews
			page.Post("/campaigns/{campaign}/status", page.Operators, setCampaignStatus),
		},
	}
}
