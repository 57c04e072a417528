package campaigns

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// campaignsPage lists campaigns: of one advertiser, or of all for operators.
type campaignsPage struct {
	Account     *homing.Account // nil = all
	Tab         string
	Rows        []campaignRow
	Operator    bool
	Manager     bool // may make campaigns
	HideMoney   bool
	Advertisers int // whether there is anybody to make a campaign for
	// Away tells that there are no figures just now; Notes what they lack.
	Away  bool
	Notes []string
	// What is asked for.
	Find, Sort string
	Statuses   []choice
	Columns    []column
	Narrowed   bool
	Paging     page.Paging
}

type campaignRow struct {
	*catalog.Campaign
	ClickURL string
	Result   result
}

// choice is one link of a filter.
type choice struct {
	Label, Path string
	Here        bool
}

// column is a column that the list can be sorted by.
type column struct {
	Name, Label string
	Path        string // sorts by it, or the other way round
	Number      bool
	Up, Down    bool // sorted by it
}

// pageLen is how many campaigns a page has, so that it stays below 100 KB.
const pageLen = 50

// standardSort has the campaign with most clicks first.
const standardSort = "-clicks"

func listCampaigns(v *page.Visit) error {
	q := v.R.URL.Query()
	p := campaignsPage{
		Account: v.Account, Tab: "campaigns", Operator: v.Who.Operator(), HideMoney: v.Who.HideMoney, Advertisers: len(v.Advertisers()),
		Find: strings.TrimSpace(q.Get("q")), Sort: q.Get("sort"), Narrowed: q.Get("q") != "" || q.Get("status") != "",
	}
	p.Manager = p.Operator && v.Who.Level.AtLeast(homing.Manager)
	figures, err := resultsOf(v, 0)
	if err != nil {
		return err
	}
	p.Away, p.Notes = figures.Away, figures.Notes
	var of homing.AccountID
	if v.Account != nil {
		of = v.Account.ID
	}
	for _, c := range v.View.CampaignsOf(of) {
		if fits(c, strings.ToLower(p.Find), q.Get("status")) {
			p.Rows = append(p.Rows, campaignRow{Campaign: c, ClickURL: v.ClickURL(&c.Campaign), Result: figures.of[c.ID]})
		}
	}
	p.Sort = sortRows(p.Rows, p.Sort, v.Who.HideMoney)
	p.Columns = columns(v, p.Sort)
	for _, s := range []struct{ value, label string }{{"", "All"}, {"active", "Active"}, {"paused", "Paused"}} {
		p.Statuses = append(p.Statuses, choice{s.label, with(v, "status", s.value, "page", ""), q.Get("status") == s.value})
	}
	p.Rows, p.Paging = page.Cut(v, "/campaigns", p.Rows, pageLen, "campaign")
	return v.Show(http.StatusOK, "campaigns", "Campaigns", p)
}

// fits tells whether a campaign is one that is looked for, in any of its names.
func fits(c *catalog.Campaign, find, status string) bool {
	if c.Owner.Erased || status != "" && c.Status.String() != status {
		return false
	}
	return find == "" || strings.Contains(strings.ToLower(c.Name), find) || strings.Contains(strings.ToLower(c.Ref), find) ||
		strings.Contains(strings.ToLower(c.URL), find) || c.ID.String() == find || strings.HasSuffix(find, strings.ToLower(c.Slug))
}

// sortRows sorts by the name, or by a figure of the last span, and tells by what.
func sortRows(rows []campaignRow, by string, hideMoney bool) string {
	name, down := strings.CutPrefix(by, "-")
	if name != "name" && (!slices.Contains(metrics, name) || name == "value" && hideMoney) {
		by, name, down = standardSort, "clicks", true
	}
	span := spans[len(spans)-1].name
	slices.SortStableFunc(rows, func(a, b campaignRow) int {
		order := 0
		if name == "name" {
			order = cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		} else {
			order = cmp.Compare(a.Result[span][name].Number, b.Result[span][name].Number)
		}
		if down {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return by
}

var columnLabels = map[string]string{"clicks": "Clicks", "conversions": "Conversions", "cr": "CR", "value": "Value", "refusals": "Refused"}

// columns are what can be sorted by. Figures begin with the largest.
func columns(v *page.Visit, sorted string) []column {
	by := func(name, label string, first string) column {
		c := column{Name: name, Label: label, Up: sorted == name, Down: sorted == "-"+name, Number: name != "name"}
		to := first
		if sorted == first {
			to = name
			if first == name {
				to = "-" + name
			}
		}
		c.Path = with(v, "sort", to, "page", "")
		return c
	}
	list := []column{by("name", "Name", "name")}
	for _, m := range metricsFor(v) {
		list = append(list, by(m, columnLabels[m], "-"+m))
	}
	return list
}

// with is the list's address with parameters set, or taken away if empty.
func with(v *page.Visit, pairs ...string) string {
	q := url.Values{}
	for _, name := range []string{"account", "q", "status", "sort", "page"} {
		if value := v.R.URL.Query().Get(name); value != "" {
			q.Set(name, value)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return "/campaigns"
	}
	return "/campaigns?" + q.Encode()
}
