// Package tryout is for trying a set-up before it counts: "The test", which sends
// a marked click through the advertiser's own tracker and waits for its postback,
// and the console, which judges any pasted URL as a dry run.
//
//	campaign ──► trial.Begin ──► destination, opened by a person ──► their tracker
//	          postback of the test id ──► door ──► journal ──► stream ──► page
package tryout

import (
	"embed"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
	"homing/internal/flow/rehearse"
	"homing/internal/flow/trial"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

//go:embed trial.js
var script string

// Options are what the screen reaches besides the panel's rooms.
type Options struct {
	Trials  *trial.Trials
	Court   *rehearse.Court
	Keyring func() *homing.Keyring
}

type screen struct {
	Options
	streams *page.Places
}

// New is the screen.
func New(o Options) page.Screen {
	s := &screen{Options: o, streams: page.NewPlaces(streamsAtOnce, streamsPerUser)}
	return page.Screen{
		Pages: pages, Style: style, Scripts: map[string]string{"trial.js": script},
		Named: map[string]page.Find{"trial": s.findTrial},
		Routes: []page.Route{
			page.Get("/advertisers/{account}/test", page.SignedIn, showChoice), // which campaign?
			page.Post("/advertisers/{account}/test", page.SignedIn, s.begin),   // makes a test click
			page.Get("/advertisers/{account}/test/{trial}", page.SignedIn, s.showTrial),
			page.Get("/advertisers/{account}/test/{trial}/events", page.SignedIn, s.watch).Lasts(), // tells when a call arrives
			page.Get("/advertisers/{account}/console", page.SignedIn, showConsole),
			page.Post("/advertisers/{account}/console", page.SignedIn, s.rehearse).Readers(), // changes nothing
		},
	}
}

// TestPath and ConsolePath are where the two begin.
func TestPath(id homing.AccountID) string    { return page.AdvertiserPath(id) + "/test" }
func ConsolePath(id homing.AccountID) string { return page.AdvertiserPath(id) + "/console" }

// Head is what all pages here have above them.
type Head struct {
	Account  *homing.Account
	Operator bool
	Who      *signin.Person
	Console  bool // the page is the console
}

func headOf(v *page.Visit, console bool) Head {
	return Head{v.Account, v.Who.Operator(), v.Who, console}
}
