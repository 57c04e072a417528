// Package system is the screen that tells operators how the installation is
// doing.
package system

import (
	"embed"
	"net/http"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
)

//go:embed pages
var pages embed.FS

type screen struct{ health func() Health }

// New is the screen. health may not wait.
func New(health func() Health) page.Screen {
	s := &screen{health}
	return page.Screen{
		Pages:  pages,
		Routes: []page.Route{page.Get("/system", page.Operators, s.show)},
	}
}

// Health tells operators how the installation is doing.
type Health struct {
	Version string
	Parts   []Part
	// Notices tell what is, and in the last day was, in the way of reports.
	Notices []string
	// Incidents are troubles that are over, the newest first.
	Incidents []Incident
}

// Part is one engine of the installation.
type Part struct {
	Name, What string // "Warehouse", "answers reports"
	// Trouble says what is wrong since Since; empty if nothing is.
	Trouble string
	Since   homing.Millis
	Facts   []Fact
}

// Fact is one figure, as it is shown.
type Fact struct{ Label, Value string }

// Incident is a trouble that is over.
type Incident struct {
	From, Until homing.Millis
	Part, What  string
}

// Length tells how long it lasted.
func (i Incident) Length() string {
	return page.Length(time.Duration(i.Until-i.From) * time.Millisecond)
}

func (s *screen) show(v *page.Visit) error {
	return v.Show(http.StatusOK, "system", "System", s.health())
}
