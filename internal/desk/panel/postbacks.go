package panel

import (
	"net/http"
	"net/url"

	"homing"
	"homing/internal/flow/journal"
)

// shownPostbacks is how many a page lists.
const shownPostbacks = 200

// postbacksPage is the postback log: the newest calls, whatever their fate.
type postbacksPage struct {
	Account     *homing.Account // nil = all
	Tab         string
	Operator    bool
	Advertisers []*homing.Account
	Outcomes    []choice
	Outcome     string
	Rows        []postbackRow
	Full        bool // there are more
	// Try is a command that makes a first entry.
	Try string
}

// choice is one link of a filter.
type choice struct {
	Label, Path string
	Here        bool
}

type postbackRow struct {
	journal.Entry
	Account, Campaign string // names; empty = none
}

// Whole tells whether the call was recorded, and not only counted.
func (r postbackRow) Whole() bool { return r.Request != homing.RequestID{} }

func listPostbacks(v *visit) error {
	var filter journal.Filter
	asked := v.r.URL.Query().Get("outcome")
	if asked != "" {
		if err := filter.Outcome.UnmarshalText([]byte(asked)); err != nil {
			return err
		}
	}
	page := postbacksPage{Account: v.account, Tab: "postbacks", Operator: v.who.Operator(), Outcome: asked, Outcomes: v.outcomes(asked)}
	if v.account != nil {
		filter.Account = v.account.ID
	}
	if page.Operator {
		page.Advertisers = v.advertisers()
	}
	entries := v.panel.Journal.Recent(filter, shownPostbacks+1)
	if page.Full = len(entries) > shownPostbacks; page.Full {
		entries = entries[:shownPostbacks]
	}
	for i := range entries {
		page.Rows = append(page.Rows, v.row(entries[i]))
	}
	page.Try = v.tryPostback()
	return v.show(http.StatusOK, "postbacks", "Postback log", page)
}

func (v *visit) row(e journal.Entry) postbackRow {
	row := postbackRow{Entry: e}
	if a := v.view.Account(e.Postback.Account); a != nil {
		row.Account = a.Name
	}
	if c := v.view.Campaign(e.Postback.Campaign); c != nil {
		row.Campaign = c.Name
	}
	return row
}

// outcomes are the filter's links. They keep the account.
func (v *visit) outcomes(here string) []choice {
	names := []struct{ value, label string }{
		{"", "All"}, {"counted", "Counted"}, {"duplicate", "Duplicate"}, {"late", "Late"}, {"refused", "Refused"},
	}
	if v.who.Operator() {
		names = append(names, struct{ value, label string }{"ignored", "Ignored"})
	}
	var choices []choice
	for _, n := range names {
		q := url.Values{}
		if n.value != "" {
			q.Set("outcome", n.value)
		}
		if v.account != nil && v.who.Operator() {
			q.Set("account", v.account.ID.String())
		}
		path := "/postbacks"
		if len(q) > 0 {
			path += "?" + q.Encode()
		}
		choices = append(choices, choice{n.label, path, n.value == here})
	}
	return choices
}

// tryPostback is a call that is refused, and shows up in the log all the same:
// the shortest proof that calls arrive.
func (v *visit) tryPostback() string {
	at := v.panel.Addresses()
	base := at.Public
	if base == "" {
		base = at.Track
	}
	target := base + postbackPath + "test"
	if v.account != nil {
		target += "?account=" + v.account.PublicID
	}
	return "curl '" + target + "'"
}
