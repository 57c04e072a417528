package campaigns

import (
	"fmt"
	"net/http"
	"strconv"
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
}

func showCampaign(v *page.Visit) error {
	name := "campaign"
	if !v.Who.Operator() {
		name = "campaign_view"
	}
	return renderCampaign(v, http.StatusOK, name, campaignForm(&v.Campaign.Campaign))
}

func renderCampaign(v *page.Visit, status int, name string, f *page.Form) error {
	p := campaignPage{Campaign: v.Campaign, Form: f, Macros: macro.Entries(), Account: v.Account}
	title := "New campaign"
	if v.Campaign == nil {
		p.Advertisers = v.Advertisers()
		p.Preview = previewOf(f.Get("url"), f.Get("name"))
	} else {
		title = v.Campaign.Name
		p.ClickURL = v.ClickURL(&v.Campaign.Campaign)
		p.Preview = previewOf(f.Get("url"), v.Campaign.Name)
	}
	return v.Show(status, name, title, p)
}

func campaignForm(c *homing.Campaign) *page.Form {
	f := page.NewForm("name", c.Name, "ref", c.Ref, "url", c.URL, "window", homing.FormatWindow(c.Window),
		"default_value", c.DefaultValue.String(), "goals", goalLines(c.Goals))
	if c.Hold {
		f.Set("hold", "on")
	}
	return f
}

func newCampaign(v *page.Visit) error {
	f := page.NewForm("window", homing.FormatWindow(homing.DefaultWindow))
	if v.Account != nil {
		f.Set("account", v.Account.ID.String())
	}
	return renderCampaign(v, http.StatusOK, "campaign_new", f)
}

// campaignEdit is what the form says. Its errors are noted in the form.
func campaignEdit(f *page.Form) catalog.NewCampaign {
	n := catalog.NewCampaign{
		Name: strings.TrimSpace(f.Get("name")), Ref: strings.TrimSpace(f.Get("ref")), URL: strings.TrimSpace(f.Get("url")),
		DefaultValue: f.Money("default_value"), Hold: f.On("hold"),
	}
	var err error
	n.Window, err = homing.ParseWindow(strings.TrimSpace(f.Get("window")))
	f.Fail("window", err)
	n.Goals, err = parseGoals(f.Get("goals"))
	f.Fail("goals", err)
	if _, err := macro.Compile(n.URL); err != nil {
		f.Fail("url", err)
	}
	return n
}

// campaignFields are the fields that the catalog's errors speak of.
var campaignFields = map[string]string{
	"name": "name", "ref": "ref", "window": "window", "default-value": "default_value", "goal": "goals",
}

// onlyPreview tells that the button was pressed which changes nothing.
func onlyPreview(f *page.Form) bool { return f.Get("do") == "preview" }

func createCampaign(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	n := campaignEdit(f)
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
	return renderCampaign(v, page.FormStatus(f), "campaign_new", f)
}

func updateCampaign(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	n := campaignEdit(f)
	if !f.Bad() && !onlyPreview(f) {
		_, err := v.Rooms.Catalog.UpdateCampaign(v.R.Context(), v.Who.Actor(), v.Campaign.ID, func(c *homing.Campaign) {
			c.Name, c.Ref, c.URL, c.Window = n.Name, n.Ref, n.URL, n.Window
			c.DefaultValue, c.Hold, c.Goals = n.DefaultValue, n.Hold, n.Goals
		})
		if err == nil {
			return v.See(page.CampaignPath(v.Campaign.ID) + "?done=saved")
		}
		if !f.Take(err, campaignFields) {
			return err
		}
	}
	return renderCampaign(v, page.FormStatus(f), "campaign", f)
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

// goalLines writes goals as people edit them: a number and a name a line.
func goalLines(goals []homing.Goal) string {
	var lines []string
	for _, g := range goals {
		lines = append(lines, g.ID.String()+" "+g.Name)
	}
	return strings.Join(lines, "\n")
}

// parseGoals is the inverse of goalLines. Empty lines are skipped.
func parseGoals(text string) (goals []homing.Goal, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		head, name, _ := strings.Cut(line, " ")
		id, err := strconv.ParseUint(head, 10, 32)
		if err != nil || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("%w goal: write a number and a name, such as \"1 Sign-up\", on each line", homing.ErrInvalid)
		}
		goals = append(goals, homing.Goal{ID: homing.GoalID(id), Name: strings.TrimSpace(name)})
	}
	return goals, nil
}
