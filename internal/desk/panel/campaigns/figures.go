package campaigns

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/figures"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// metrics are the figures of a campaign, in the order of the columns.
var metrics = []string{"clicks", "conversions", "cr", "value", "refusals"}

// spans are the ranges the figures are of: the list is sorted by the last.
var spans = []struct{ name, label string }{{"today", "Today"}, {"last_7_days", "Last 7 days"}}

// figure is one of them, as text and to sort by.
type figure struct {
	Text   string
	Number int64
}

// result is what a campaign did: by span, then by metric.
type result map[string]map[string]figure

// results are those of all campaigns that did something.
type results struct {
	of map[homing.CampaignID]result
	// Away tells that the reports are away; Notes what they say besides.
	Away  bool
	Notes []string
}

// patience is how long a page waits for the figures before it does without.
const patience = 8 * time.Second

// resultsOf asks the reports: of one campaign, of an account, or of all.
func resultsOf(v *page.Visit, campaign homing.CampaignID) (results, error) {
	r := results{of: map[homing.CampaignID]result{}}
	ctx, cancel := context.WithTimeout(v.R.Context(), patience)
	defer cancel()
	for _, span := range spans {
		table, err := v.Reports.Report(ctx, report.Scope{Account: v.Who.Account, HideMoney: v.Who.HideMoney}, question(v, span.name, campaign))
		if errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded) || errors.Is(err, context.DeadlineExceeded) {
			return results{Away: true}, nil
		}
		if err != nil {
			return r, fmt.Errorf("couldn't ask for the campaigns' figures: %w", err)
		}
		r.take(table, span.name)
		// The page has its own words for nothing.
		r.Notes = slices.DeleteFunc(table.Notes, func(note string) bool { return strings.HasPrefix(note, "Nothing in the range") })
	}
	return r, nil
}

func question(v *page.Visit, span string, campaign homing.CampaignID) *report.Question {
	values := url.Values{"by": {"campaign"}, "range": {span}, "limit": {fmt.Sprint(warehouse.MaxRows)}}
	asked := metricsFor(v)
	list := asked[0]
	for _, m := range asked[1:] {
		list += "," + m
	}
	values.Set("metrics", list)
	switch {
	case campaign != 0:
		values.Set("where", "campaign="+campaign.String())
	case v.Account != nil:
		values.Set("where", "account="+v.Account.ID.String())
	}
	q, err := report.Parse(values, report.Defaults{Now: v.Now, Zone: v.Local()})
	if err != nil {
		panic("the panel asks for what no report has: " + err.Error()) // it is all ours
	}
	return q
}

// metricsFor are those the reader may see.
func metricsFor(v *page.Visit) (list []string) {
	for _, m := range metrics {
		if m != "value" || !v.Who.HideMoney {
			list = append(list, m)
		}
	}
	return list
}

func (r *results) take(table *report.Table, span string) {
	places := map[string]figures.Places{}
	for _, name := range metrics {
		if i := table.Column(name); i >= 0 {
			places[name] = figures.InColumn(table, i)
		}
	}
	for _, l := range table.Rows {
		id := homing.CampaignID(l.Keys[0].Number)
		if r.of[id] == nil {
			r.of[id] = result{}
		}
		shown := map[string]figure{}
		for _, name := range metrics {
			if i := table.Column(name); i >= 0 {
				shown[name] = figure{places[name].Text(&table.Columns[i], l.Cells[i]), l.Cells[i].Number}
			}
		}
		r.of[id][span] = shown
	}
}

// At is a figure as text; of a campaign that did nothing it is 0.
func (r result) At(span, metric string) string {
	if f, ok := r[span][metric]; ok {
		return f.Text
	}
	if metric == "cr" {
		return figures.Unknown
	}
	if metric == "value" {
		return homing.Money(0).String()
	}
	return "0"
}

// Did tells whether there is anything to show.
func (r result) Did() bool { return len(r) > 0 }
