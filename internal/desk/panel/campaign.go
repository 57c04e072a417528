package panel

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/rule/macro"
)

// campaignPage is one campaign: its editor for operators, a view of it for
// advertisers, or the editor of one that is to be made (then Campaign is nil).
type campaignPage struct {
	*catalog.Campaign
	ClickURL    string
	Form        *form
	Advertisers []*homing.Account
	Preview     preview
	Macros      []macro.Entry
	Account     *homing.Account
}

func showCampaign(v *visit) error {
	name := "campaign"
	if !v.who.Operator() {
		name = "campaign_view"
	}
	return v.showCampaign(http.StatusOK, name, campaignForm(&v.campaign.Campaign))
}

func (v *visit) showCampaign(status int, name string, f *form) error {
	page := campaignPage{Campaign: v.campaign, Form: f, Macros: macro.Entries(), Account: v.account}
	title := "New campaign"
	if v.campaign == nil {
		page.Advertisers = v.advertisers()
		page.Preview = previewOf(f.Get("url"), f.Get("name"))
	} else {
		title = v.campaign.Name
		page.ClickURL = v.clickURL(&v.campaign.Campaign)
		page.Preview = previewOf(f.Get("url"), v.campaign.Name)
	}
	return v.show(status, name, title, page)
}

func campaignForm(c *homing.Campaign) *form {
	f := newForm("name", c.Name, "ref", c.Ref, "url", c.URL, "window", homing.FormatWindow(c.Window),
		"default_value", c.DefaultValue.String(), "goals", goalLines(c.Goals))
	if c.Hold {
		f.values.Set("hold", "on")
	}
	return f
}

func newCampaign(v *visit) error {
	f := newForm("window", homing.FormatWindow(homing.DefaultWindow))
	if v.account != nil {
		f.values.Set("account", v.account.ID.String())
	}
	return v.showCampaign(http.StatusOK, "campaign_new", f)
}

// campaignEdit is what the form says. Its errors are noted in the form.
func campaignEdit(f *form) catalog.NewCampaign {
	n := catalog.NewCampaign{
		Name: strings.TrimSpace(f.Get("name")), Ref: strings.TrimSpace(f.Get("ref")), URL: strings.TrimSpace(f.Get("url")),
		DefaultValue: f.money("default_value"), Hold: f.On("hold"),
	}
	var err error
	n.Window, err = homing.ParseWindow(strings.TrimSpace(f.Get("window")))
	f.fail("window", err)
	n.Goals, err = parseGoals(f.Get("goals"))
	f.fail("goals", err)
	if _, err := macro.Compile(n.URL); err != nil {
		f.fail("url", err)
	}
	return n
}

// campaignFields are the fields that the catalog's errors speak of.
var campaignFields = map[string]string{
	"name": "name", "ref": "ref", "window": "window", "default-value": "default_value", "goal": "goals",
}

// onlyPreview tells that the button was pressed which changes nothing.
func onlyPreview(f *form) bool { return f.Get("do") == "preview" }

func createCampaign(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	n := campaignEdit(f)
	id, err := number(f.Get("account"))
	if err != nil && !onlyPreview(f) {
		f.fail("account", fmt.Errorf("choose the advertiser it is for"))
	}
	n.Account = homing.AccountID(id)
	if !f.Bad() && !onlyPreview(f) {
		campaign, err := v.panel.Catalog.CreateCampaign(v.r.Context(), v.who.Actor(), n)
		if err == nil {
			return v.see(campaignPath(campaign.ID) + "?done=created")
		}
		if !f.take(err, campaignFields) {
			return err
		}
	}
	return v.showCampaign(formStatus(f), "campaign_new", f)
}

func updateCampaign(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	n := campaignEdit(f)
	if !f.Bad() && !onlyPreview(f) {
		_, err := v.panel.Catalog.UpdateCampaign(v.r.Context(), v.who.Actor(), v.campaign.ID, func(c *homing.Campaign) {
			c.Name, c.Ref, c.URL, c.Window = n.Name, n.Ref, n.URL, n.Window
			c.DefaultValue, c.Hold, c.Goals = n.DefaultValue, n.Hold, n.Goals
		})
		if err == nil {
			return v.see(campaignPath(v.campaign.ID) + "?done=saved")
		}
		if !f.take(err, campaignFields) {
			return err
		}
	}
	return v.showCampaign(formStatus(f), "campaign", f)
}

func setCampaignStatus(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	var status homing.CampaignStatus
	if err := status.UnmarshalText([]byte(f.Get("status"))); err != nil {
		return err
	}
	_, err = v.panel.Catalog.UpdateCampaign(v.r.Context(), v.who.Actor(), v.campaign.ID, func(c *homing.Campaign) { c.Status = status })
	if err != nil {
		return err
	}
	return v.see(campaignPath(v.campaign.ID) + "?done=" + status.String())
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
