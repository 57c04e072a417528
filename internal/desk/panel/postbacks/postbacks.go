package postbacks

import (
	"net/http"
	"net/url"

	"homing"
	"homing/internal/desk/panel/page"
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

func listPostbacks(v *page.Visit) error {
	var filter journal.Filter
	asked := v.R.URL.Query().Get("outcome")
	if asked != "" {
		if err := filter.Outcome.UnmarshalText([]byte(asked)); err != nil {
			return err
		}
	}
	p := postbacksPage{Account: v.Account, Tab: "postbacks", Operator: v.Who.Operator(), Outcome: asked, Outcomes: outcomes(v, asked)}
	if v.Account != nil {
		filter.Account = v.Account.ID
	}
	if p.Operator {
		p.Advertisers = v.Advertisers()
	}
	entries := v.Rooms.Journal.Recent(filter, shownPostbacks+1)
	if p.Full = len(entries) > shownPostbacks; p.Full {
		entries = entries[:shownPostbacks]
	}
	for i := range entries {
		p.Rows = append(p.Rows, row(v, entries[i]))
	}
	p.Try = tryPostback(v)
	return v.Show(http.StatusOK, "postbacks", "Postback log", p)
}

func row(v *page.Visit, e journal.Entry) postbackRow {
	row := postbackRow{Entry: e}
	if a := v.View.Account(e.Postback.Account); a != nil {
		row.Account = a.Name
	}
	if c := v.View.Campaign(e.Postback.Campaign); c != nil {
		row.Campaign = c.Name
	}
	return row
}

// outcomes are the filter's links. They keep the account.
func outcomes(v *page.Visit, here string) []choice {
	names := []struct{ value, label string }{
		{"", "All"}, {"counted", "Counted"}, {"duplicate", "Duplicate"}, {"late", "Late"}, {"refused", "Refused"},
	}
	if v.Who.Operator() {
		names = append(names, struct{ value, label string }{"ignored", "Ignored"})
	}
	var choices []choice
	for _, n := range names {
		q := url.Values{}
		if n.value != "" {
			q.Set("outcome", n.value)
		}
		if v.Account != nil && v.Who.Operator() {
			q.Set("account", v.Account.ID.String())
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
func tryPostback(v *page.Visit) string {
	at := v.Rooms.Addresses()
	base := at.Public
	if base == "" {
		base = at.Track
	}
	target := base + page.PostbackPath + "test"
	if v.Account != nil {
		target += "?account=" + v.Account.PublicID
	}
	return "curl '" + target + "'"
}
