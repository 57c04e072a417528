package tracking

import (
	"errors"

	"homing/internal/desk/panel/page"
	"homing/internal/rule/tracker"
)

// connection is the two lines that connect a tracker.
type connection struct {
	Path    string // of the picker's form
	Groups  []group
	Popular []link
	// Campaigns are the advertiser's, one of which may be chosen.
	Campaigns []pick
	// Other: the tracker is not listed, and its words are typed in.
	Other bool
	Words *page.Form
	// Template is of the chosen tracker; nil if none is chosen.
	*tracker.Template
	Form     string // which one is chosen, to go on with it
	Forms    []link
	Use      string
	Postback []page.Piece
	// Ready: nothing has to be looked up before the URL is used.
	Ready      bool
	Confidence confidence
	Missing    string
	Uses       []use
	Line       campaignLine
	// Steps are the tracker's, with the name that the campaign sends.
	Steps    []string
	TestPath string
}

// use is a macro of the postback, explained.
type use struct {
	Text, Means, Note string
	Confidence        confidence
}

// confidence is how sure something is, in words.
type confidence struct{ Name, Badge, Meaning string }

var confidences = map[tracker.Confidence]confidence{
	tracker.Verified: {"confirmed", "counted", "read in the tracker's own documentation"},
	tracker.Typed:    {"yours", "", "as you typed it"},
	tracker.Partly:   {"likely", "warning", "read in others' guides, not in the tracker's own documentation"},
	tracker.Guide:    {"guide", "warning", "not confirmed; look it up before you rely on it"},
}

var roleMeanings = map[tracker.Role]string{
	tracker.ClickRole: "the click id that it took up",
	tracker.ValueRole: "the payout",
	tracker.LeadRole:  "a number that each conversion has of its own",
}

func connectionOf(v *page.Visit, c *choice, o tracker.Options) connection {
	out := connection{
		Path: c.path, Groups: c.groups(), Popular: c.popular(), Other: c.tracker == otherTracker, Template: c.template,
		TestPath: page.AdvertiserPath(v.Account.ID) + "/test",
	}
	if c.campaign != nil {
		out.TestPath += "?campaign=" + c.campaign.ID.String()
	}
	if out.Other {
		out.Words = page.NewForm("param", c.words.Param, "click", c.words.Click, "value", c.words.Value, "lead", c.words.Lead)
		for _, fault := range c.faults {
			out.Words.Fail(fault.Field, errors.New(fault.Text))
		}
	}
	for _, one := range v.View.CampaignsOf(v.Account.ID) {
		out.Campaigns = append(out.Campaigns, pick{one.ID.String(), one.Name, one == c.campaign})
	}
	if c.template == nil {
		return out
	}
	if c.form != c.usualForm() {
		out.Form = c.form.String()
	}
	p := c.template.Postback(c.form, o)
	out.Forms, out.Use = c.forms(), formUses[c.form]
	out.Postback, out.Ready, out.Confidence = shownPieces(&p), p.Ready(), confidences[p.Confidence]
	if out.Missing = missingText(v, c.template, p.Missing); out.Other && p.Missing >= tracker.NoClick && p.Missing <= tracker.NoLead {
		out.Missing = "Type the macro in above, and the postback stands here."
	}
	for _, u := range p.Uses {
		out.Uses = append(out.Uses, use{u.Text, roleMeanings[u.Role], u.Note, confidences[u.Confidence]})
	}
	out.Line = lineOf(v, c)
	out.Steps = c.template.StepsWith(out.Line.Name)
	return out
}
