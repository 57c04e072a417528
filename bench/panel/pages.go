package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
)

// reader is who asks.
type reader string

const (
	operator   reader = "operator"
	advertiser reader = "advertiser"
)

func (r reader) token() string {
	if r == operator {
		return operatorToken
	}
	return advertiserToken
}

// asked is a row of the table: a page, and who asks for it.
type asked struct {
	as    reader
	title string
	path  string
	form  url.Values // is sent; nil = the page is only looked at
	// question is what a report page asks the warehouse. Its time depends on the
	// range that somebody chose, so it has no limit; the page's own part is what
	// is left.
	question url.Values
	account  homing.AccountID // whose an advertiser's is
}

// pages are all that are like a list, for both kinds of readers.
func pages(m *made) (all []asked) {
	account := page.AdvertiserPath(m.Account)
	day := func(ago int) string { return until.Time().AddDate(0, 0, -ago).Format(time.DateOnly) }
	both := []asked{
		{title: "overview", path: "/overview"},
		{title: "checklist", path: "/start"},
		{title: "campaigns, with the last 7 days", path: "/campaigns"},
		{title: "a campaign", path: page.CampaignPath(m.Campaign)},
		{title: "conversions", path: "/conversions"},
		{title: "conversions, pending ones", path: "/conversions?status=pending"},
		{title: "conversions of a week", path: "/conversions?from=" + day(20) + "&to=" + day(14)},
		{title: "conversions of 30 days", path: "/conversions?range=last_30_days"},
		{title: "a conversion, four weeks old", path: fmt.Sprintf("/conversions/%d", m.Old.Conversion)},
		{title: "a conversion of today", path: fmt.Sprintf("/conversions/%d", m.New.Conversion)},
		{title: "postback log", path: "/postbacks"},
		{title: "postback log, refused ones", path: "/postbacks?outcome=refused"},
		{title: "postback log, by reason", path: "/postbacks?group=reason"},
		{title: "postback log, by reason, 30 days", path: "/postbacks?group=reason&range=last_30_days"},
		{title: "postback log, of a click", path: "/postbacks?q=" + m.Old.Click + "&range=last_30_days"},
		{title: "postback log, searched for a lead code", path: "/postbacks?lead=order-10000001&range=last_30_days", question: url.Values{}},
		{title: "postback log of a week", path: "/postbacks?from=" + day(20) + "&to=" + day(14)},
		{title: "a postback, four weeks old", path: "/postbacks/" + m.Old.Request},
		{title: "a postback of today", path: "/postbacks/" + m.New.Request},
		{title: "trace of a click, four weeks old", path: "/trace?q=" + m.Old.Click},
		{title: "trace of a click of today", path: "/trace?q=" + m.New.Click},
		{title: "traces of 50 clicks", path: "/trace?q=" + url.QueryEscape(strings.Join(m.some(50), "\n"))},
		{title: "numbers differ?", path: "/differ"},
		{title: "numbers differ? one day", path: "/differ/day?account=" + m.Account.String() + "&day=" + day(3) + "&count=1000"},
		{title: "numbers differ? 10,000 ids", path: "/differ", form: url.Values{"list": {m.List}}, question: url.Values{}},
		{title: "tracking", path: account + "/tracking"},
		{title: "settings", path: "/settings"},
		{title: "people", path: "/settings/people"},
		{title: "notices", path: "/settings/notices"},
	}
	for _, q := range []struct {
		title string
		asks  url.Values
	}{
		{"report as it opens: 7 days", nil},
		{"report: day × campaign, 30 days", url.Values{"by": {"day,campaign"}, "range": {"last_30_days"}}},
		{"report: 4 dimensions, 30 days", url.Values{"by": {"day,country,device,os"}, "range": {"last_30_days"}}},
		{"report: sub1, 30 days", url.Values{"by": {"sub1"}, "range": {"last_30_days"}, "order": {"-clicks"}}},
		{"report: campaign, 7 days and the 7 before", url.Values{"by": {"campaign"}, "range": {"last_7_days"}, "compare": {"previous"}}},
	} {
		path := "/reports"
		if len(q.asks) > 0 {
			path += "?" + q.asks.Encode()
		}
		both = append(both, asked{title: q.title, path: path, question: q.asks})
	}
	operators := []asked{
		{title: "advertisers", path: "/advertisers"},
		{title: "an advertiser", path: account},
		{title: "campaigns of an advertiser", path: "/campaigns?account=" + m.Account.String()},
		{title: "overview of an advertiser", path: "/overview?account=" + m.Account.String()},
		{title: "system", path: "/system"},
		{title: "audit log", path: "/audit"},
	}
	for _, p := range append(both, operators...) {
		p.as = operator
		all = append(all, p)
	}
	for _, p := range both {
		p.as, p.account = advertiser, m.Account
		all = append(all, p)
	}
	return all
}
