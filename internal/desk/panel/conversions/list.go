package conversions

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// listPage is the list of conversions.
type listPage struct {
	Account  *homing.Account // nil = all
	Tab      string
	Operator bool
	// Manager may change where conversions stand.
	Manager   bool
	HideMoney bool
	Filter    filter
	Faults    []report.Fault
	Sums      sums
	Rows      []row
	Notes     []string
	// Away tells that reports are away, so that these are only the newest.
	Away bool
	// First and Next are where the list begins and goes on; empty = here, nowhere.
	First, Next string
	Export      string
	Narrowed    bool // by anything but the account
	Verbs       []verbChoice
}

// filter is the form above the list.
type filter struct {
	Advertisers []*homing.Account
	Campaigns   []*catalog.Campaign
	// ManyCampaigns tells that there are too many for a menu.
	ManyCampaigns  bool
	Campaign       string
	Ranges         []choice
	From, To, Find string
	// Kept are parameters that the form has no field for.
	Kept []kept
}

type choice struct {
	Value, Label string
	Here         bool
}

type kept struct{ Name, Value string }

// shown is how many rows the page has at most, so that it stays below 100 KB.
const shown = 50

// menuLen is how many campaigns a menu may have.
const menuLen = 100

func (s *screen) list(v *page.Visit) error {
	if text := v.R.URL.Query().Get("find"); strings.TrimSpace(text) != "" {
		if name, value, ok := found(text); ok {
			return v.See("/conversions?" + name + "=" + value)
		}
	}
	a := ask(v, report.Defaults{})
	p := listPage{
		Account: v.Account, Tab: "conversions", Operator: v.Who.Operator(), HideMoney: v.Who.HideMoney,
		Manager: mayChange(v), Faults: a.faults, Filter: filterOf(v, &a), Verbs: verbChoices(),
		Export: address("/conversions/export", v, "limit", "", "format", "csv"),
	}
	if !p.Operator {
		p.Account = nil // there is only the own one
	}
	if find := v.R.URL.Query().Get("find"); strings.TrimSpace(find) != "" {
		p.Faults = append(p.Faults, report.Fault{Field: "find", Problem: "want a click id (40 of 0-9 and a-f), a request id, or the number of a conversion"})
	}
	if a.question == nil {
		return v.Show(http.StatusUnprocessableEntity, "conversions", "Conversions", p)
	}
	a.question.Limit = min(cmp.Or(a.question.Limit, shown), shown)
	if err := s.fill(v, &a, &p); err != nil {
		return err
	}
	return v.Show(http.StatusOK, "conversions", "Conversions", p)
}

// fill asks for what the page lists.
func (s *screen) fill(v *page.Visit, a *asked, p *listPage) error {
	var list listed
	var listing, summing error
	var asking sync.WaitGroup
	asking.Go(func() { list, listing = s.rows(v, a) })
	asking.Go(func() { p.Sums, summing = sumUp(v, a) })
	asking.Wait()
	if err := errors.Join(listing, summing); err != nil {
		return err
	}
	p.Rows, p.Notes, p.Away = list.rows, list.notes, list.away
	if list.next != "" {
		p.Next = with(v, "cursor", list.next)
	}
	if a.question.After != nil {
		p.First = with(v)
	}
	q := v.R.URL.Query()
	q.Del("account")
	q.Del("done")
	p.Narrowed = len(q) > 0
	return nil
}

// mayChange tells whether the person may change where conversions stand.
func mayChange(v *page.Visit) bool { return v.Who.Operator() && v.Who.Level.AtLeast(homing.Manager) }

// rangeLabels are the ranges of the menu.
var rangeLabels = []struct{ name, label string }{
	{"today", "Today"}, {"yesterday", "Yesterday"}, {"last_7_days", "Last 7 days"}, {"last_30_days", "Last 30 days"},
	{"this_month", "This month"}, {"last_month", "Last month"},
}

func filterOf(v *page.Visit, a *asked) filter {
	given := v.R.URL.Query()
	f := filter{Campaign: given.Get("campaign"), From: given.Get("from"), To: given.Get("to"), Find: given.Get("find")}
	if v.Who.Operator() {
		f.Advertisers = v.Advertisers()
	}
	var owner homing.AccountID
	if v.Account != nil {
		owner = v.Account.ID
	}
	f.Campaigns = v.View.CampaignsOf(owner)
	if f.ManyCampaigns = len(f.Campaigns) > menuLen; f.ManyCampaigns {
		f.Campaigns = nil
	}
	here := cmp.Or(given.Get("range"), "last_7_days")
	if f.From != "" || f.To != "" {
		here = ""
	}
	for _, r := range rangeLabels {
		f.Ranges = append(f.Ranges, choice{r.name, r.label, r.name == here})
	}
	if i := slices.IndexFunc(f.Ranges, func(c choice) bool { return c.Here }); i < 0 && here != "" && a.question != nil {
		f.Ranges = append(f.Ranges, choice{here, here, true})
	}
	for _, name := range []string{"status", "where", "tz", "order"} {
		for _, value := range given[name] {
			f.Kept = append(f.Kept, kept{name, value})
		}
	}
	return f
}
