// Package overview tells how today goes: figures against the same time of
// yesterday and of a week ago, the day by the hour, the campaigns that bring
// most, and why calls were refused.
package overview

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
		Pages: pages, Style: style,
		Routes: []page.Route{page.Get("/overview", page.SignedIn, show)},
	}
}
