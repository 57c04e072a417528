package tracking

import (
	"fmt"
	"net/http"
	"slices"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/rule/macro"
	"homing/internal/rule/tracker"
)

// campaignLine is the first line: what the campaign's URL has to have in it, and
// whether it has.
type campaignLine struct {
	// Name is the parameter of the click id: the one that the campaign sends, where
	// it does and the tracker can be told, else the tracker's.
	Name string
	// Text is Name with the macro; Pieces the same, highlighted.
	Text       string
	Pieces     []page.Piece
	Note       string
	Confidence confidence
	// Campaign is the chosen one; nil if there is none.
	Campaign *catalog.Campaign
	tracker.Fit
	Tracker string // its name
	Free    string // where the tracker is told the name; empty if it is not
	// Present is the campaign's URL, Wanted what it has to be; empty if it is that.
	Present, Wanted []page.Piece
	AppendPath      string
	// Sent is what the advertiser's campaigns send, where none is chosen.
	Sent []sent
}

// sent is a parameter in which campaigns send the click id.
type sent struct {
	Name      string
	Campaigns int
}

// Done: nothing of the campaign's URL has to be changed.
func (l campaignLine) Done() bool {
	return l.Campaign != nil && (l.State == tracker.There || l.State == tracker.Elsewhere)
}

// Elsewhere: the tracker has to be told another name than its usual one.
func (l campaignLine) Elsewhere() bool { return l.State == tracker.Elsewhere }

// Fixed: the tracker keeps its name, so the campaign's URL has to be changed.
func (l campaignLine) Fixed() bool { return l.State == tracker.Fixed }

// Unsure: which of the two has to be changed is not known.
func (l campaignLine) Unsure() bool { return l.State == tracker.Unsure }

func lineOf(v *page.Visit, c *choice) campaignLine {
	t := c.template
	l := campaignLine{
		Name: t.Param.Text, Note: t.Param.Note, Confidence: confidences[t.Param.Confidence],
		Campaign: c.campaign, Tracker: t.Name, Free: t.Free,
	}
	if l.Campaign == nil {
		l.Sent = sentBy(v)
	} else {
		l.Fit = t.Fit(l.Campaign.URL)
		l.Present = highlighted(l.Campaign.URL)
		if l.Fit.URL != l.Campaign.URL {
			l.Wanted = highlighted(l.Fit.URL)
		}
		l.AppendPath = c.with(c.path + "/append")
		if l.Elsewhere() || !t.Param.Known() {
			l.Name = l.Fit.Name
		}
	}
	if l.Name != "" {
		l.Text = l.Name + "=" + tracker.ClickPlace
		l.Pieces = highlighted(l.Text)
	}
	return l
}

// maxSent is how many parameters are told.
const maxSent = 5

// sentBy counts in which parameters the advertiser's campaigns send the click id,
// the most common first.
func sentBy(v *page.Visit) (list []sent) {
	for _, c := range v.View.CampaignsOf(v.Account.ID) {
		names := tracker.Carriers(c.URL)
		if len(names) == 0 {
			continue
		}
		if i := slices.IndexFunc(list, func(s sent) bool { return s.Name == names[0] }); i >= 0 {
			list[i].Campaigns++
		} else {
			list = append(list, sent{names[0], 1})
		}
	}
	slices.SortStableFunc(list, func(a, b sent) int { return b.Campaigns - a.Campaigns })
	return list[:min(len(list), maxSent)]
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
			now.URL = c.template.Fit(now.URL).URL
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
