package tracking

import (
	"errors"
	"fmt"
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/rule/macro"
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
	TestPath   string
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
	return out
}

// campaignLine is the first line: what the campaign's URL has to have in it.
type campaignLine struct {
	// Text is what to append; Pieces the same, highlighted.
	Text       string
	Pieces     []page.Piece
	Note       string
	Confidence confidence
	// Campaign is the chosen one; nil if there is none.
	Campaign *catalog.Campaign
	// Present is its URL, Appended the same with the line. Done: it is in there.
	Present, Appended []page.Piece
	Done              bool
	AppendPath        string
}

func lineOf(v *page.Visit, c *choice) campaignLine {
	t := c.template
	l := campaignLine{Text: t.Line(), Note: t.Param.Note, Confidence: confidences[t.Param.Confidence], Campaign: c.campaign}
	l.Pieces = highlighted(l.Text)
	if l.Campaign == nil || l.Text == "" {
		return l
	}
	appended := t.Append(l.Campaign.URL)
	l.Present, l.Appended = highlighted(l.Campaign.URL), highlighted(appended)
	l.Done = appended == l.Campaign.URL
	l.AppendPath = c.with(c.path + "/append")
	return l
}

// highlighted marks the macros of a campaign's URL, or of a part of one.
func highlighted(text string) (list []page.Piece) {
	const before = "https://x.example/?"
	full := text
	if _, err := macro.Compile(text); err != nil {
		full = before + text // a parameter alone
	}
	for i, s := range macro.Highlight(full) {
		piece := page.Piece{Text: full[s.Start:s.End], Kind: s.Kind.String()}
		if i == 0 && full != text {
			piece.Text = piece.Text[len(before):]
		}
		list = append(list, piece)
	}
	return list
}

// appendLine writes the parameter into a campaign's URL, if that is still the one
// that was shown.
func appendLine(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	c := choiceOf(v)
	campaign := ownCampaign(v, f.Get("campaign"))
	if campaign == nil {
		return fmt.Errorf("campaign: %w", homing.ErrNotFound)
	}
	if c.template == nil || !c.template.Param.Known() {
		return fmt.Errorf("%w tracker: none was chosen", homing.ErrInvalid)
	}
	stale := false
	_, err = v.Rooms.Catalog.UpdateCampaign(v.R.Context(), v.Who.Actor(), campaign.ID, func(now *homing.Campaign) {
		if stale = now.URL != f.Get("present"); !stale {
			now.URL = c.template.Append(now.URL)
		}
	})
	switch {
	case stale:
		return fmt.Errorf("%w: the campaign's URL was changed since the page was loaded", homing.ErrConflict)
	case err != nil:
		return err
	}
	c.campaign = campaign
	http.Redirect(v.W, v.R, c.to("done", "appended")+"#connect", http.StatusSeeOther)
	return nil
}
