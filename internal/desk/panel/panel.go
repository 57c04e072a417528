// Package panel is the door for people: server-rendered pages for operators,
// and for the advertisers who are their clients. The screens stand in packages
// of their own beneath it; what they have in common is package page.
package panel

import (
	"net/http"

	"homing/internal/desk/panel/advertisers"
	"homing/internal/desk/panel/audit"
	"homing/internal/desk/panel/campaigns"
	"homing/internal/desk/panel/conversions"
	"homing/internal/desk/panel/differ"
	"homing/internal/desk/panel/door"
	"homing/internal/desk/panel/home"
	"homing/internal/desk/panel/masterkeys"
	"homing/internal/desk/panel/notices"
	"homing/internal/desk/panel/overview"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/postbacks"
	"homing/internal/desk/panel/reports"
	"homing/internal/desk/panel/settings"
	"homing/internal/desk/panel/system"
	"homing/internal/desk/panel/traces"
	"homing/internal/desk/panel/tracking"
	"homing/internal/desk/panel/tryout"
	"homing/internal/flow/demo"
)

// Options are what a panel is made of.
type Options struct {
	page.Rooms
	// Health tells how the installation is doing. It may not wait.
	Health func() system.Health
	// Try is what the test and the console need, Demo the demo advertiser.
	Try  tryout.Options
	Demo *demo.Demo
	// Conversions are what only their pages need.
	Conversions conversions.Options
	// Postbacks are what only the postback log needs.
	Postbacks postbacks.Options
	// Settings are what only the settings need.
	Settings settings.Options
	// Tracer tells a click's story, Comparer lays another tracker's numbers
	// beside ours.
	Tracer   traces.Tracer
	Comparer differ.Comparer
	// People are whom the audit log names.
	People     audit.People
	MasterKeys masterkeys.Keeper
	// Notices are what only their screen needs.
	Notices notices.Options
}

// New returns the handler for every path of the desk listener that is nothing
// else's, see page.Handler.
func New(o Options) http.Handler { return page.Handler(o.Rooms, Screens(o)...) }

// Screens are all of them.
func Screens(o Options) []page.Screen {
	return []page.Screen{
		door.New(), home.New(o.Demo), advertisers.New(), tracking.New(), tryout.New(o.Try), campaigns.New(), conversions.New(o.Conversions), postbacks.New(o.Postbacks), system.New(o.Health),
		settings.New(o.Settings), overview.New(), reports.New(),
		traces.New(o.Tracer), differ.New(o.Comparer), audit.New(o.People), masterkeys.New(o.MasterKeys), notices.New(o.Notices),
	}
}
