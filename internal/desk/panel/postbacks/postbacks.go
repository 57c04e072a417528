package postbacks

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// shown is how many rows a page lists, so that it stays below 100 KB.
const shown = 50

// menuLen is how many campaigns a menu may have.
const menuLen = 100

// logPage is the postback log: calls, whatever their fate, or the reasons for
// refusals.
type logPage struct {
	Account  *homing.Account // nil = all
	Tab      string
	Operator bool
	Filters  *filters
	Form     form
	Outcomes []choice
	Views    []choice
	// Rows or Groups; both are nil if the URL is wrong.
	Rows   *gathered
	Groups *groups
	table
	Narrowed bool
	Newest   string // the page of the newest rows, if this is an older one
	Older    string // the page of older rows; empty = there are none
	Export   string
	Live     string // the stream; empty if the range has ended
	// Fresh is up to when calls of all nodes stand here; 0 = those of this one, which is
	// all there is, always do.
	Fresh homing.Millis
	// Try is a command that makes a first entry.
	Try string
}

// choice is one link of a filter.
type choice struct {
	Label, Path string
	Here        bool
}

// form is the filters as they are typed.
type form struct {
	Advertisers []*homing.Account
	Campaigns   []option
	// ManyCampaigns tells that there are too many for a menu.
	ManyCampaigns bool
	Reasons       []option
	Ranges        []option
	Where         []string
	// Hidden are parameters that the form keeps without showing them.
	Hidden []pair
	Faults map[string]string
	Dates  *page.Form // from and to
	Open   bool       // more than a search is set
	values map[string][]string
}

type option struct {
	Value, Label string
	Here         bool
}

type pair struct{ Name, Value string }

// Others is what is wrong with parameters that have no field.
func (f form) Others() (texts []string) {
	for field, text := range f.Faults {
		switch field {
		case "q", "from", "to", "sender":
		default:
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return texts
}

// Get is what a field holds.
func (f form) Get(name string) string {
	if given := f.values[name]; len(given) > 0 {
		return given[0]
	}
	return ""
}

// lists shows the log.
type lists struct{ shared bool }

func (l lists) show(v *page.Visit) error {
	f := readFilters(v)
	p := logPage{
		Account: v.Account, Tab: "postbacks", Operator: v.Who.Operator(), Filters: f, Form: formOf(v, f), Outcomes: outcomes(v, f),
		table: f.table(v), Narrowed: f.set(), Try: tryPostback(v),
		Views: []choice{{"Every call", f.path("group", ""), !f.group}, {"Refusals by reason", f.path("group", "reason", "outcome", ""), f.group}},
	}
	if f.list == nil {
		return v.Show(http.StatusUnprocessableEntity, "postbacks", "Postback log", p)
	}
	var err error
	if f.group {
		p.Groups, err = f.groupByReason(v)
	} else {
		p.Rows, err = f.gather(v, shown)
	}
	if err != nil {
		return err
	}
	if l.shared && v.Reports != nil {
		p.Fresh = min(v.Reports.Fresh(), v.Now)
	}
	p.Export = f.pathOf("/postbacks/export")
	if p.Rows != nil && p.Rows.Older > 0 {
		p.Older = f.path("before", strconv.FormatInt(int64(p.Rows.Older), 10))
	}
	if f.before > 0 {
		p.Newest = f.path()
	} else if !f.group && f.list.Until > v.Now {
		p.Live = f.pathOf("/postbacks/live")
	}
	return v.Show(http.StatusOK, "postbacks", "Postback log", p)
}

// outcomes are the filter's links. They keep everything else.
func outcomes(v *page.Visit, f *filters) []choice {
	names := []struct{ value, label string }{
		{"", "All"}, {"counted", "Counted"}, {"duplicate", "Duplicate"}, {"late", "Late"}, {"refused", "Refused"},
	}
	if v.Who.Operator() {
		names = append(names, struct{ value, label string }{"ignored", "Ignored"})
	}
	var choices []choice
	for _, n := range names {
		choices = append(choices, choice{n.label, f.path("outcome", n.value), n.value == f.values.Get("outcome")})
	}
	return choices
}

var rangeLabels = map[string]string{
	"today": "Today", "yesterday": "Yesterday", "last_7_days": "Last 7 days", "last_30_days": "Last 30 days",
	"this_week": "This week", "last_week": "Last week", "this_month": "This month", "last_month": "Last month",
}

func formOf(v *page.Visit, f *filters) form {
	out := form{Faults: f.Faults, values: f.values, Where: f.values["where"]}
	if v.Who.Operator() {
		out.Advertisers = v.Advertisers()
	}
	account := f.account
	if f.scope.Account != 0 {
		account = f.scope.Account
	}
	campaigns := v.View.CampaignsOf(account)
	if out.ManyCampaigns = len(campaigns) > menuLen; out.ManyCampaigns {
		campaigns = nil
	}
	for _, c := range campaigns {
		label := c.Name
		if account == 0 {
			label += " · " + c.Owner.Name
		}
		out.Campaigns = append(out.Campaigns, option{c.ID.String(), label, c.ID.String() == out.Get("campaign")})
	}
	for _, r := range homing.Reasons() {
		info := r.Info()
		if info.Outcome != homing.Ignored || v.Who.Operator() {
			out.Reasons = append(out.Reasons, option{info.Code, strings.TrimSuffix(info.Title, "."), info.Code == out.Get("reason")})
		}
	}
	out.Dates = page.NewForm("from", out.Get("from"), "to", out.Get("to"))
	for _, name := range []string{"from", "to"} {
		if text := f.Faults[name]; text != "" {
			out.Dates.Errors[name] = text
		}
	}
	now := out.Get("range")
	dates := f.values.Has("from") || f.values.Has("to")
	if now == "" && !dates {
		now = "last_7_days"
	}
	for _, name := range report.RangeNames() {
		out.Ranges = append(out.Ranges, option{name, rangeLabels[name], name == now})
	}
	for _, name := range []string{"outcome", "group", "click_id", "request", "conversion", "tz"} {
		if text := out.Get(name); text != "" {
			out.Hidden = append(out.Hidden, pair{name, text})
		}
	}
	for name := range f.values {
		switch name {
		case "q", "outcome", "group", "account", "before", "live":
		default:
			out.Open = true
		}
	}
	if len(f.Faults) > 0 {
		out.Open = true
	}
	return out
}

// tryPostback is a call that is refused, and shows up in the log all the same:
// the shortest proof that calls arrive.
func tryPostback(v *page.Visit) string {
	target := v.Addresses().Plain() + page.PostbackPath + "test"
	if v.Account != nil {
		target += "?account=" + v.Account.PublicID
	}
	return "curl '" + target + "'"
}
