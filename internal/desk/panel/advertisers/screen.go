// Package advertisers is about the operators' clients: who they are, their limits and their
// people.
package advertisers

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
			page.Get("/advertisers", page.Operators, listAdvertisers),
			page.Get("/advertisers/new", page.Operators, newAdvertiser),
			page.Post("/advertisers/new", page.Operators, createAdvertiser),
			page.Get("/advertisers/{account}", page.Operators, showAdvertiser),
			page.Post("/advertisers/{account}", page.Operators, updateAdvertiser),
			page.Post("/advertisers/{account}/people", page.Operators, invitePerson).Owners(), // answers with a one-time link
			page.Post("/advertisers/{account}/view", page.Operators, (*page.Visit).BeginViewing),
			page.Get("/advertisers/{account}/erase", page.Operators, showErase).Owners(),
			page.Post("/advertisers/{account}/erase", page.Operators, erase).Owners().Lasts(), // of many conversions it takes a while
		},
	}
}
