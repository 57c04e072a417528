// Package door is the way in: set-up and invitations over one-time links, signing
// in, with a second factor in two steps, and out.
package door

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
			page.Get("/welcome/{token}", page.Anyone, showWelcome), // a one-time link; looking does not use it up
			page.Post("/welcome/{token}", page.Anyone, chooseFirstPassword),
			page.Get("/signin", page.Anyone, showSignIn),
			page.Post("/signin", page.Anyone, doSignIn),
			page.Get("/signin/code", page.Anyone, showCodeStep),
			page.Post("/signin/code", page.Anyone, doCodeStep), // the second step
			page.Post("/signout", page.Anyone, doSignOut),
			page.Get("/you", page.SignedIn, showYou),
		},
	}
}
