// Package postbacks is the postback log: every call, whatever its fate.
package postbacks

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
		Named: map[string]page.Find{"postback": findPostback},
		Routes: []page.Route{
			page.Get("/postbacks", page.SignedIn, listPostbacks),
			page.Get("/postbacks/{postback}", page.SignedIn, showPostback),
		},
	}
}
