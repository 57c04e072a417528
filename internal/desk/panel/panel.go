// Package panel is the door for people: server-rendered pages for operators,
// and for the advertisers who are their clients. The screens stand in packages
// of their own beneath it; what they have in common is package page.
package panel

import (
	"net/http"

	"homing/internal/desk/panel/advertisers"
	"homing/internal/desk/panel/campaigns"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/home"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/postbacks"
	"homing/internal/desk/panel/system"
	"homing/internal/desk/panel/tracking"
)

// Options are what a panel is made of.
type Options struct {
	page.Rooms
	// Health tells how the installation is doing. It may not wait.
	Health func() system.Health
}

// New returns the handler for every path of the desk listener that is nothing
// else's, see page.Handler.
func New(o Options) http.Handler { return page.Handler(o.Rooms, Screens(o)...) }

// Screens are all of them.
func Screens(o Options) []page.Screen {
	return []page.Screen{
		door.New(), home.New(), advertisers.New(), tracking.New(), campaigns.New(), postbacks.New(), system.New(o.Health),
	}
}
