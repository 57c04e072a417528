// Package tracking is Tracking & API of an advertiser: the two lines that
// connect a tracker, what is wrong with a postback URL, the secret keys, where
// postbacks may come from, and how the last 24 hours went.
//
// What is chosen stands in the URL: tracker, form, campaign and lang, and for a
// tracker that is not listed param, click, value and lead. Forms that are sent carry it
// on, so that a page which shows a key still shows what it was asked for.
package tracking

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
		Routes: []page.Route{
			page.Get("/advertisers/{account}/tracking", page.SignedIn, showTracking),
			page.Post("/advertisers/{account}/tracking/repair", page.SignedIn, repair).Readers(), // changes nothing
			page.Post("/advertisers/{account}/tracking/append", page.Operators, appendLine),      // writes into a campaign
			page.Post("/advertisers/{account}/senders", page.SignedIn, setSenders),
			page.Post("/advertisers/{account}/keys", page.SignedIn, makeKey), // answers with the new key
			page.Post("/advertisers/{account}/keys/{key}/reveal", page.SignedIn, revealKey),
			page.Post("/advertisers/{account}/keys/{key}/revoke", page.SignedIn, revokeKey),
		},
	}
}
