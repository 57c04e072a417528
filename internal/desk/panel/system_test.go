package panel

import (
	"testing"

	"homing"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/system"
)

func TestTheSystemPageTellsTroublesAndWhenTheyWereOver(t *testing.T) {
	h := newHouse(t)
	h.Account("Mine")
	since := homing.MillisOf(paneltest.Start) - 90_000
	h.health = system.Health{
		Version: "1.2.3",
		Parts: []system.Part{
			{Name: "Warehouse", What: "answers reports", Trouble: "the process was killed <b>", Since: since, Facts: []system.Fact{{Label: "Behind", Value: "12 s"}}},
			{Name: "Ledger", What: "decides", Facts: []system.Fact{{Label: "Size", Value: "3 MB"}}},
		},
		Notices:   []string{"caught up at 12:03"},
		Incidents: []system.Incident{{From: since - 60_000, Until: since, Part: "Warehouse", What: "was silent"}},
	}
	h.Ills = []string{"reports are 12 s behind"}
	b := h.Operator()
	b.Get("/system").Want(ok).Has("the process was killed &lt;b&gt;", "1 min ago", "Behind", "12 s", "was silent", "caught up at 12:03", "2026-03-02 09:28:30")
	b.Get("/advertisers").Want(ok).Has("reports are 12 s behind", "/system")
	h.Advertiser(1, "own@example.com").Get("/campaigns").Want(ok).Lacks("reports are 12 s behind", "/system")
	h.health, h.Ills = system.Health{}, nil
	b.Get("/system").Want(ok).Has("Nothing, since this server was started.")
	b.Get("/advertisers").Want(ok).Lacks("system page")
}
