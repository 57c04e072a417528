package page

import (
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/signin"
)

// section is a line of the navigation. It is shown where a screen has its page.
type section struct {
	label, path string
	who         audience
	// first begins a group of lines that belong together.
	first bool
}

// audience tells in whose navigation a section stands.
type audience uint8

const (
	everybody audience = iota
	operators
	advertisers
	// auditors are operators, and the owners of an advertiser's people.
	auditors
)

// tracking stands for the page of the advertiser who looks.
const tracking = "tracking"

// sections are listed as they stand: what came of it, what happened one by one,
// what is set up, the house itself.
var sections = []section{
	{label: "Overview", path: "/overview", first: true},
	{label: "Reports", path: "/reports"},
	{label: "Campaigns", path: "/campaigns", first: true},
	{label: "Conversions", path: "/conversions"},
	{label: "Postback log", path: "/postbacks"},
	{label: "Trace", path: "/trace"},
	{label: "Numbers differ?", path: "/differ"},
	{label: "Tracking & API", path: tracking, who: advertisers, first: true},
	{label: "Advertisers", path: "/advertisers", who: operators, first: true},
	{label: "System", path: "/system", who: operators},
	{label: "Audit log", path: "/audit", who: auditors},
	{label: "Settings", path: "/settings"},
}

func (a audience) has(who *signin.Person) bool {
	switch a {
	case operators:
		return who.Operator()
	case advertisers:
		return !who.Operator()
	case auditors:
		return who.Operator() || who.Level.AtLeast(homing.Owner)
	}
	return true
}

type navItem struct {
	Label, Path string
	Here        bool
	// First begins a group.
	First bool
}

// nav lists the sections the person has.
func (v *Visit) nav() (items []navItem) {
	here := v.R.URL.Path
	if v.inAdvertiser() {
		here = "/advertisers/"
	}
	group := false
	for _, s := range sections {
		group = group || s.first
		path := s.path
		if path == tracking {
			path = TrackingPath(v.Who.Account)
		}
		if !s.who.has(v.Who) || !v.house.hasPage(path) {
			continue
		}
		items = append(items, navItem{
			Label: s.label, Path: path, First: group,
			Here: here == path || strings.HasPrefix(here, path+"/") ||
				s.path == tracking && strings.HasPrefix(here, AdvertiserPath(v.Who.Account)),
		})
		group = false
	}
	return items
}

// hasPage tells whether some screen shows the path.
func (p *house) hasPage(path string) bool {
	for i := range p.routes {
		if _, ok := p.routes[i].match(path); ok && p.routes[i].Method == http.MethodGet {
			return true
		}
	}
	return false
}

// inAdvertiser tells whether a page is shown as a tab of one advertiser.
func (v *Visit) inAdvertiser() bool {
	switch v.R.URL.Path {
	case "/campaigns", "/conversions", "/postbacks", "/settings/people", "/settings/notices":
		return v.Account != nil && v.Who.Operator()
	}
	return false
}
