// Package notices is the screen on which people say what they want to be told of
// and how: by e-mail, by webhook. Operators' owners set up the mail server here.
// It lists what stands, and what stood in the last week.
package notices

import (
	"embed"
	"sync"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/notice"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// Options are what only this screen needs.
type Options struct {
	Watch *notice.Watch
	// Keyring gives the present keyring, which seals passwords and keys.
	Keyring func() *homing.Keyring
}

// screen carries the options to its handlers.
type screen struct {
	Options

	mu     sync.Mutex
	tested map[homing.AccountID]homing.Millis // guarded by mu: when each last pressed a test button
}

// New is the screen.
func New(o Options) page.Screen {
	s := &screen{Options: o, tested: map[homing.AccountID]homing.Millis{}}
	return page.Screen{
		Pages: pages,
		Style: style,
		Routes: []page.Route{
			// A webhook's URL often holds a secret: not for readers. ?account= lets operators see to an advertiser's.
			page.Get("/settings/notices", page.SignedIn, s.show).Managers(),
			page.Post("/settings/notices", page.SignedIn, s.save),
			page.Post("/settings/notices/webhook", page.SignedIn, s.saveWebhook), // answers with the webhook's key
			page.Post("/settings/notices/webhook/test", page.SignedIn, s.testWebhook),
			page.Post("/settings/notices/mail", page.Operators, s.saveMail).Owners(),
			page.Post("/settings/notices/mail/test", page.Operators, s.testMail).Owners().Lasts(), // mail servers may take a while to refuse
		},
	}
}
