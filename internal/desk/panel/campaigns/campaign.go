package campaigns

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
	"homing/internal/rule/macro"
)

// campaignPage is one campaign: its editor for operators, a view of it for
// advertisers, or the editor of one that is to be made (then Campaign is nil).
type campaignPage struct {
	*catalog.Campaign
	ClickURL    string
	Form        *page.Form
	Advertisers []*homing.Account
	Preview     preview
	Macros      []macro.Entry
	Account     *homing.Account
	Goals       []goalRow
	Builder     builder
	Results     results
	Result      result
	Operator    bool
	Manager     bool // may change it
	HideMoney   bool
	// Like is the campaign whose amounts a copy takes over unseen; 0 = none.
	Like homing.CampaignID
	// ReportPath, LogPath, … lead to what came of the campaign.
	ReportPath, LogPath, ConversionsPath, TestPath string
}

func showCampaign(v *page.Visit) error {
	name := "campaign"
	if !mayChange(v) {
		name = "campaign_view"
	}
	c := &v.Campaign.Campaign
	return renderCampaign(v, http.StatusOK, name, campaignForm(v, c), goalRowsOf(c.Goals))
}

func mayChange(v *page.Visit) bool { return v.Who.Operator() && v.Who.Level.AtLeast(homing.Manager) }

func renderCampaign(v *page.Visit, status int, name string, f *page.Form, goals []goalRow) error {
	p := campaignPage{
		Campaign: v.Campaign, Form: f, Macros: macro.Entries(), Account: v.Account, Goals: goals,
		Operator: v.Who.Operator(), Manager: mayChange(v), HideMoney: v.Who.HideMoney,
	}
	title := "New campaign"
	if v.Campaign == nil {
		if like := likeThis(v, f.Get("like")); like != nil {
			p.Like = like.ID
		}
		p.Advertisers = v.Advertisers()
		p.Preview = previewOf(f.Get("url"), f.Get("name"))
	} else {
		title = v.Campaign.Name
		p.ClickURL = v.ClickURL(&v.Campaign.Campaign)
		p.Preview = previewOf(f.Get("url"), v.Campaign.Name)
		p.Builder = builderOf(v, &v.Campaign.Campaign)
		if v.R.Header.Get("HX-Request") == "" { // a part of the page is wanted, and it is another
			if err := p.addResults(v); err != nil {
				return err
			}
		}
	}
	return v.Show(status, name, title, p)
}

// addResults adds what the campaign did, and where to look further.
func (p *campaignPage) addResults(v *page.Visit) (err error) {
	c := v.Campaign.ID
	if p.Results, err = resultsOf(v, c); err != nil {
		return err
	}
	p.Result = p.Results.of[c]
	of := url.Values{"where": {"campaign=" + c.String()}}.Encode()
	p.ReportPath, p.LogPath = "/reports?by=day&"+of, "/postbacks?campaign="+c.String()
	p.ConversionsPath = "/conversions?campaign=" + c.String()
	p.TestPath = page.AdvertiserPath(v.Account.ID) + "/test?campaign=" + c.String()
	return nil
}

// campaignForm holds no amount for who may see none.
func campaignForm(v *page.Visit, c *homing.Campaign) *page.Form {
	f := page.NewForm("name", c.Name, "ref", c.Ref, "url", c.URL, "window", homing.FormatWindow(c.Window))
	if !v.Who.HideMoney {
		f.Set("default_value", c.DefaultValue.String())
	}
	if c.Hold {
		f.Set("hold", "on")
	}
	return f
}

func newCampaign(v *page.Visit) error {
	f := page.NewForm("window", homing.FormatWindow(homing.DefaultWindow))
	var goals []goalRow
	if like := likeThis(v, v.R.URL.Query().Get("like")); like != nil {
		f, goals = campaignForm(v, &like.Campaign), goalRowsOf(like.Goals)
		f.Set("like", like.ID.String())
		f.Set("account", like.Account.String())
		f.Set("name", "Copy of "+like.Name)
		f.Set("ref", "")
	}
	if v.Account != nil {
		f.Set("account", v.Account.ID.String())
	}
	return renderCampaign(v, http.StatusOK, "campaign_new", f, goals)
}

// likeThis is the campaign that a new one begins as a copy of; nil if it is to
// begin empty.
func likeThis(v *page.Visit, text string) *catalog.Campaign {
	id, err := page.Number(text)
	if c := v.View.Campaign(homing.CampaignID(id)); err == nil && c != nil && !c.Owner.Erased && v.Who.MaySee(c.Account) {
		return c
	}
	return nil
}

// campaignEdit is what the form says. Its errors are noted in the form. of is the
// campaign whose amounts stay, for who may see none; nil = there are none yet.
func campaignEdit(v *page.Visit, f *page.Form, goals []goalRow, of *catalog.Campaign) catalog.NewCampaign {
	n := catalog.NewCampaign{
		Name: strings.TrimSpace(f.Get("name")), Ref: strings.TrimSpace(f.Get("ref")), URL: strings.TrimSpace(f.Get("url")),
		Hold: f.On("hold"),
	}
	switch {
	case !v.Who.HideMoney:
		n.DefaultValue = f.Money("default_value")
	case of != nil:
		n.DefaultValue = of.DefaultValue
	}
	var err error
	n.Window, err = homing.ParseWindow(strings.TrimSpace(f.Get("window")))
	f.Fail("window", err)
	if n.Goals, err = parseGoals(goals); !onlyRows(f) {
		f.Fail("goals", err)
	}
	if _, err := macro.Compile(n.URL); err != nil {
		f.Fail("url", err)
	}
	return n
}

// campaignFields are the fields that the catalog's errors speak of.
var campaignFields = map[string]string{
	"name": "name", "ref": "ref", "window": "window", "default-value": "default_value", "goal": "goals",
}

// formStatus is the status of a form that is shown again. What is half typed is
// no fault of a live preview.
func formStatus(v *page.Visit, f *page.Form) int {
	if v.R.Header.Get("HX-Request") != "" && onlyPreview(f) {
		return http.StatusOK
	}
	return page.FormStatus(f)
}

// onlyPreview tells that a button was pressed which changes nothing.
func onlyPreview(f *page.Form) bool { return f.Get("do") == "preview" || onlyRows(f) }

// onlyRows tells that the button was pressed for one goal more, or one less.
func onlyRows(f *page.Form) bool { return f.Get("do") == "goal" || f.Get("without") != "" }

func createCampaign(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	goals := typedGoals(f)
	n := campaignEdit(v, f, goals, likeThis(v, f.Get("like")))
	id, err := page.Number(f.Get("account"))
	if err != nil && !onlyPreview(f) {
		f.Fail("account", fmt.Errorf("choose the advertiser it is for"))
	}
	n.Account = homing.AccountID(id)
	if !f.Bad() && !onlyPreview(f) {
		campaign, err := v.Rooms.Catalog.CreateCampaign(v.R.Context(), v.Who.Actor(), n)
		if err == nil {
			return v.See(page.CampaignPath(campaign.ID) + "?done=created")
		}
		if !f.Take(err, campaignFields) {
			return err
		}
	}
	return renderCampaign(v, formStatus(v, f), "campaign_new", f, goals)
}

func updateCampaign(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	goals := typedGoals(f)
	n := campaignEdit(v, f, goals, v.Campaign)
	if !f.Bad() && !onlyPreview(f) {
		_, err := v.Rooms.Catalog.UpdateCampaign(v.R.Context(), v.Who.Actor(), v.Campaign.ID, func(c *homing.Campaign) {
			c.Name, c.Ref, c.URL, c.Window = n.Name, n.Ref, n.URL, n.Window
			c.Hold, c.Goals = n.Hold, n.Goals
			if !v.Who.HideMoney { // else somebody's change of a moment ago would go
				c.DefaultValue = n.DefaultValue
			}
		})
		if err == nil {
			return v.See(page.CampaignPath(v.Campaign.ID) + "?done=saved")
		}
		if !f.Take(err, campaignFields) {
			return err
		}
	}
	return renderCampaign(v, formStatus(v, f), "campaign", f, goals)
}

func setCampaignStatus(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	var status homing.CampaignStatus
	if err := status.UnmarshalText([]byte(f.Get("status"))); err != nil {
		return err
	}
	_, err = v.Rooms.Catalog.UpdateCampaign(v.R.Context(), v.Who.Actor(), v.Campaign.ID, func(c *homing.Campaign) { c.Status = status })
	if err != nil {
		return err
	}
	return v.See(page.CampaignPath(v.Campaign.ID) + "?done=" + status.String())
}
