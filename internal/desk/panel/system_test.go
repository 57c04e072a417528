package panel

import (
	"testing"

	"homing"
)

func TestTheSystemPageTellsTroublesAndWhenTheyWereOver(t *testing.T) {
	h := newHouse(t)
	h.account("Mine")
	since := homing.MillisOf(start) - 90_000
	h.system = System{
		Version: "1.2.3",
		Parts: []Part{
			{Name: "Warehouse", What: "answers reports", Trouble: "the process was killed <b>", Since: since, Facts: []Fact{{"Behind", "12 s"}}},
			{Name: "Ledger", What: "decides", Facts: []Fact{{"Size", "3 MB"}}},
		},
		Notices:   []string{"caught up at 12:03"},
		Incidents: []Incident{{From: since - 60_000, Until: since, Part: "Warehouse", What: "was silent"}},
	}
	h.ills = []string{"reports are 12 s behind"}
	b := h.operator()
	b.get("/system").want(ok).has("the process was killed &lt;b&gt;", "1 min ago", "Behind", "12 s", "was silent", "caught up at 12:03", "2026-03-02 09:28:30")
	b.get("/advertisers").want(ok).has("reports are 12 s behind", "/system")
	h.advertiser(1, "own@example.com").get("/campaigns").want(ok).lacks("reports are 12 s behind", "/system")
	h.system, h.ills = System{}, nil
	b.get("/system").want(ok).has("Nothing, since this server was started.")
	b.get("/advertisers").want(ok).lacks("system page")
}
