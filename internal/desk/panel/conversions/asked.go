package conversions

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// asked is what the URL asks for: the API's parameters of lists, and account and
// campaign, which the page's menus set.
type asked struct {
	values   url.Values // as report reads them
	campaign homing.CampaignID
	question *report.ListQuestion
	faults   []report.Fault // then there is no question
}

func ask(v *page.Visit, more report.Defaults) asked {
	given := v.R.URL.Query()
	a := asked{values: url.Values{}}
	for _, name := range report.ListParams(warehouse.ConversionTable) {
		if list := slices.DeleteFunc(given[name], func(text string) bool { return text == "" }); len(list) > 0 {
			a.values[name] = list
		}
	}
	if a.values.Get("from") != "" || a.values.Get("to") != "" { // dates go before the menu
		a.values.Del("range")
	}
	if v.Account != nil && v.Who.Operator() {
		a.values.Add("where", "account="+v.Account.ID.String())
	}
	if text := given.Get("campaign"); text != "" {
		// What is not there, or not theirs, is one of which there are no conversions.
		id, err := page.Number(text)
		if c := v.View.Campaign(homing.CampaignID(id)); err != nil || c == nil || !v.Who.MaySee(c.Account) {
			a.faults = append(a.faults, report.Fault{Field: "campaign", Problem: "there is no campaign of this number"})
		}
		a.campaign = homing.CampaignID(id)
		a.values.Add("where", "campaign="+a.campaign.String())
	}
	more.Now, more.Zone = v.Now, v.Local()
	question, err := report.ParseList(warehouse.ConversionTable, a.values, more)
	var faults *report.Faults
	if errors.As(err, &faults) {
		a.faults = append(a.faults, faults.List...)
	}
	if a.question = question; len(a.faults) > 0 {
		a.question = nil
	}
	return a
}

func scope(v *page.Visit) report.Scope {
	return report.Scope{Account: v.Who.Account, HideMoney: v.Who.HideMoney}
}

// with is the page's address with parameters set, or taken away if empty; the
// list begins anew.
func with(v *page.Visit, pairs ...string) string { return address("/conversions", v, pairs...) }

func address(path string, v *page.Visit, pairs ...string) string {
	q := v.R.URL.Query()
	for _, name := range []string{"cursor", "done", "find"} {
		q.Del(name)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

var (
	clickID   = regexp.MustCompile(`(?:^|[^0-9a-f])([0-9a-f]{40})(?:[^0-9a-f]|$)`)
	requestID = regexp.MustCompile(`^[0-9a-f]{24}$`)
	number    = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

// found turns what was typed into the search field into a parameter: a click id,
// or any text that has one, a request id, the number of a conversion.
func found(text string) (name, value string, ok bool) {
	text = strings.TrimSpace(text)
	switch {
	case number.MatchString(text):
		return "conversion", text, true
	case requestID.MatchString(text):
		return "request", text, true
	}
	if m := clickID.FindStringSubmatch(text); m != nil {
		return "click_id", m[1], true
	}
	return "", "", false
}

// single is a status that the list is narrowed to; 0 if to none, or several.
func (a *asked) single() homing.Status {
	if a.question == nil || len(a.question.Status) != 1 {
		return 0
	}
	return a.question.Status[0]
}

// one tells that something is asked for by its number, not a stretch of time.
func (a *asked) one() bool {
	return a.values.Get("click_id") != "" || a.values.Get("request") != "" || a.values.Get("conversion") != ""
}
