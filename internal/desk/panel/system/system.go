// Package system is the screen that tells operators how the installation is
// doing.
package system

import (
	"embed"
	"net/http"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/disk"
	"homing/internal/flow/notice"
)

//go:embed pages
var pages embed.FS

//go:embed style.css
var style string

type screen struct{ health func() Health }

// New is the screen. health may not wait.
func New(health func() Health) page.Screen {
	s := &screen{health}
	return page.Screen{
		Pages: pages, Style: style,
		Routes: []page.Route{page.Get("/system", page.Operators, s.show)},
	}
}

// Health tells operators how the installation is doing.
type Health struct {
	Version string
	// Versions are those of what homing is made of.
	Versions []Fact
	Parts    []Part
	// Disk is the one that the data is on; nil = not known yet.
	Disk         *disk.State
	Certificates []Certificate
	// Backup is the last one that was made; nil = none.
	Backup *Backup
	// Retention says how long what is kept, as homing was started.
	Retention []Fact
	// Failures are notices that could not be sent.
	Failures []notice.Failure
	// Notices tell what is, and in the last day was, in the way of reports.
	Notices []string
	// Incidents are troubles that are over, the newest first.
	Incidents []Incident
}

// Backup tells of a backup that was made.
type Backup struct {
	At   homing.Millis
	What string // where it is, and what is in it
}

// backupOld is when a backup is too old to be called fine.
const backupOld homing.Millis = 48 * 60 * 60 * 1000

// Old tells that another one should be made.
func (b Backup) Old(now page.Present) bool { return now.At-b.At > backupOld }

// Certificate is one of a listener's.
type Certificate struct {
	Listener, File  string
	Subject, Issuer string
	Names           []string
	Ends            homing.Millis
	// SelfSigned: nobody vouches for it. Ours: homing made it, and renews it.
	SelfSigned, Ours bool
}

// certificateSoon is how long before its end a certificate is marked.
const certificateSoon homing.Millis = 14 * 24 * 60 * 60 * 1000

// Soon tells that somebody should see to it.
func (c Certificate) Soon(now page.Present) bool { return !c.Ours && c.Ends-now.At < certificateSoon }

// Over tells that it has ended.
func (c Certificate) Over(now page.Present) bool { return c.Ends <= now.At }

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

// systemPage is what the page shows.
type systemPage struct {
	Health
	// Room is what the disk has, in words.
	Room *room
	// Keys: the reader may look at the master keys.
	Keys bool
}

type room struct {
	Free, Total, Forecast string
	Percent               int64
	Low                   bool
}

func (s *screen) show(v *page.Visit) error {
	p := systemPage{Health: s.health(), Keys: v.Who.Level.AtLeast(homing.Owner)}
	if d := p.Disk; d != nil {
		p.Room = &room{disk.Size(d.Free), disk.Size(d.Total), d.Forecast(), d.Percent(), d.Low()}
	}
	return v.Show(http.StatusOK, "system", "System", p)
}
