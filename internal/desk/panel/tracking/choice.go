package tracking

import (
	"net/url"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/rule/tracker"
)

// otherTracker is the choice of a tracker that is not listed.
const otherTracker = "other"

// choice is what the URL says: which tracker, which form of the postback, which
// campaign, which language. What it says wrongly counts as not said.
type choice struct {
	path     string
	tracker  string // a template's id, otherTracker, or empty
	form     tracker.Form
	campaign *catalog.Campaign // nil if none
	lang     string
	words    tracker.Words
	// template is of the tracker; nil if none is chosen. faults are of the words.
	template *tracker.Template
	faults   []tracker.Fault
}

func choiceOf(v *page.Visit) *choice {
	q := v.R.URL.Query()
	c := &choice{
		path: page.TrackingPath(v.Account.ID), lang: languageNamed(q.Get("lang")),
		words: tracker.Words{Param: q.Get("param"), Click: q.Get("click"), Value: q.Get("value"), Lead: q.Get("lead")},
	}
	c.campaign = ownCampaign(v, q.Get("campaign"))
	if all := v.View.CampaignsOf(v.Account.ID); c.campaign == nil && len(all) == 1 {
		c.campaign = all[0]
	}
	switch id := q.Get("tracker"); {
	case id == otherTracker:
		c.tracker = id
		c.template, c.faults = c.words.Template()
	case tracker.ByID(id) != nil:
		c.tracker, c.template = id, tracker.ByID(id)
	}
	if c.form.UnmarshalText([]byte(q.Get("form"))) != nil {
		c.form = c.usualForm()
	}
	return c
}

// usualForm is what most want: with the value, where the tracker has one.
func (c *choice) usualForm() tracker.Form {
	if c.template != nil && !c.template.Value.Known() {
		return tracker.Simple
	}
	return tracker.WithValue
}

// ownCampaign finds a campaign of the path's advertiser by its number.
func ownCampaign(v *page.Visit, text string) *catalog.Campaign {
	id, err := page.Number(text)
	if err != nil {
		return nil
	}
	if c := v.View.Campaign(homing.CampaignID(id)); c != nil && c.Account == v.Account.ID {
		return c
	}
	return nil
}

// with is this page, or a form's address, with some of the choice changed: pairs
// of a name and its value.
func (c *choice) with(path string, changes ...string) string {
	q := url.Values{}
	set := func(name, value string) {
		q.Del(name)
		if value != "" {
			q.Set(name, value)
		}
	}
	set("tracker", c.tracker)
	if c.form != c.usualForm() {
		set("form", c.form.String())
	}
	if c.campaign != nil {
		set("campaign", c.campaign.ID.String())
	}
	if c.lang != languages[0].Name {
		set("lang", c.lang)
	}
	if c.tracker == otherTracker {
		set("param", c.words.Param)
		set("click", c.words.Click)
		set("value", c.words.Value)
		set("lead", c.words.Lead)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		set(changes[i], changes[i+1])
	}
	path, fragment, _ := strings.Cut(path, "#")
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	if fragment != "" {
		path += "#" + fragment
	}
	return path
}

// to is with, of this page.
func (c *choice) to(changes ...string) string { return c.with(c.path, changes...) }

// link is one of several to choose from.
type link struct {
	Label, Path string
	Here        bool
}

// group is trackers of one kind, to pick from.
type group struct {
	Title string
	Items []pick
}

type pick struct {
	ID, Name string
	Here     bool
}

// groups are the listed trackers.
func (c *choice) groups() (list []group) {
	for _, kind := range tracker.Kinds() {
		g := group{Title: kind.Title}
		for _, t := range tracker.All() {
			if t.Kind == kind.Kind {
				g.Items = append(g.Items, pick{t.ID, t.Name, t.ID == c.tracker})
			}
		}
		if kind.Kind == tracker.Own {
			g.Items = append(g.Items, pick{otherTracker, "My tracker is not listed", c.tracker == otherTracker})
		}
		list = append(list, g)
	}
	return list
}

// popular are the ones that are a link away.
var popular = []string{"voluum", "binom", "keitaro", "redtrack", "bemob", "everflow", "affise", "server"}

func (c *choice) popular() (links []link) {
	for _, id := range popular {
		links = append(links, link{tracker.ByID(id).Name, c.to("tracker", id, "form", "") + "#connect", id == c.tracker})
	}
	return append(links, link{"Not listed", c.to("tracker", otherTracker, "form", "") + "#connect", c.tracker == otherTracker})
}

// formTitles are the forms of the postback, as tabs.
var formTitles = map[tracker.Form]string{tracker.Simple: "Simple", tracker.WithValue: "With value", tracker.MultiLead: "Multiple leads"}

func (c *choice) forms() (links []link) {
	for _, f := range tracker.Forms() {
		links = append(links, link{formTitles[f], c.to("form", f.String()) + "#connect", f == c.form})
	}
	return links
}
