// Package settings is where people settle what is theirs: how they sign in, where
// they are signed in, who else is let in among their own people, the tokens of
// their programs; and, for the operators' owners, what holds for the whole of
// homing.
package settings

import (
	"embed"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

// Options are what only this screen needs.
type Options struct {
	Tokens signin.Tokens
	Given  Given
}

// Given are settings that homing was started with: they go before what is settled
// here. Empty ones were not given.
type Given struct{ PublicURL, DeskURL, Zone string }

// screen carries the options to its handlers.
type screen struct{ Options }

// New is the screen.
func New(o Options) page.Screen {
	s := screen{o}
	return page.Screen{
		Pages: pages,
		Style: style,
		Named: map[string]page.Find{"user": findUser, "session": findSession, "apitoken": s.findToken},
		Routes: []page.Route{
			// One's own user, whatever the level.
			page.Get("/settings", page.SignedIn, showYou),
			page.Post("/settings/password", page.SignedIn, changePassword).Readers(),
			page.Post("/settings/zone", page.SignedIn, changeZone).Readers(),
			page.Post("/settings/sessions/end", page.SignedIn, endOthers).Readers(),
			page.Post("/settings/sessions/{session}/end", page.SignedIn, endSession).Readers(),
			page.Get("/settings/second-factor", page.SignedIn, offerFactor),
			page.Post("/settings/second-factor", page.SignedIn, setFactor).Readers(), // answers with recovery codes
			page.Get("/settings/second-factor/picture", page.SignedIn, showPicture),
			page.Post("/settings/second-factor/codes", page.SignedIn, renewCodes).Readers(), // answers with recovery codes
			page.Post("/settings/second-factor/download", page.SignedIn, downloadCodes).Readers(),
			page.Post("/settings/second-factor/remove", page.SignedIn, removeFactor).Readers(),

			// The own people; ?account= lets operators see to an advertiser's.
			page.Get("/settings/people", page.SignedIn, showPeople).Owners(),
			page.Post("/settings/people", page.SignedIn, invite).Owners(), // answers with a one-time link
			page.Get("/settings/people/{user}", page.SignedIn, showPerson).Owners(),
			page.Post("/settings/people/{user}", page.SignedIn, changePerson).Owners(),
			page.Post("/settings/people/{user}/link", page.SignedIn, newLink).Owners(), // answers with a one-time link
			page.Post("/settings/people/{user}/second-factor", page.SignedIn, resetFactor).Owners(),

			page.Get("/settings/tokens", page.SignedIn, s.showTokens).Owners(),
			page.Post("/settings/tokens", page.SignedIn, s.makeToken).Owners(), // answers with the token
			page.Post("/settings/tokens/{apitoken}/revoke", page.SignedIn, s.revokeToken).Owners(),

			page.Get("/settings/installation", page.Operators, s.showInstallation).Owners(),
			page.Post("/settings/installation", page.Operators, s.changeInstallation).Owners(),
		},
	}
}
