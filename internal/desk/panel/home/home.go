// Package home leads everybody to the page they come for.
package home

import "homing/internal/desk/panel/page"

// New is the screen.
func New() page.Screen {
	return page.Screen{Routes: []page.Route{page.Get("/", page.SignedIn, show)}}
}

func show(v *page.Visit) error {
	if v.Who.Operator() {
		return v.See("/advertisers")
	}
	return v.See(page.TrackingPath(v.Who.Account))
}
