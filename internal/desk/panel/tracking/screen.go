// Package tracking is Tracking & API of an advertiser: postback URLs and keys.
package tracking

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
			page.Get("/advertisers/{account}/tracking", page.SignedIn, showTracking),
			page.Post("/advertisers/{account}/keys", page.SignedIn, rotateKey), // answers with the new key
			page.Post("/advertisers/{account}/keys/{key}/reveal", page.SignedIn, revealKey),
			page.Post("/advertisers/{account}/keys/{key}/revoke", page.SignedIn, revokeKey),
		},
	}
}
