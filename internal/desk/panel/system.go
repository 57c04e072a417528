package panel

import (
	"net/http"
	"time"

	"homing"
)

// System tells operators how the installation is doing.
type System struct {
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
func (i Incident) Length() string { return length(time.Duration(i.Until-i.From) * time.Millisecond) }

func showSystem(v *visit) error {
	return v.show(http.StatusOK, "system", "System", v.panel.System())
}

// troubles stand above an operator's pages.
func (v *visit) troubles() []string {
	if !v.who.Operator() {
		return nil
	}
	return v.panel.Troubles()
}
