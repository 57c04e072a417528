package tryout

import (
	"errors"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// choicePage asks which campaign to try.
type choicePage struct {
	Head
	Form      *page.Form
	Campaigns []*catalog.Campaign
}

func showChoice(v *page.Visit) error {
	return renderChoice(v, page.NewForm("campaign", v.R.URL.Query().Get("campaign")))
}

func renderChoice(v *page.Visit, f *page.Form) error {
	p := choicePage{Head: headOf(v, false), Form: f, Campaigns: v.View.CampaignsOf(v.Account.ID)}
	if len(p.Campaigns) == 1 && f.Get("campaign") == "" {
		f.Set("campaign", p.Campaigns[0].ID.String())
	}
	return v.Show(page.FormStatus(f), "try", "Test", p)
}

// begin makes a test click, and leads to where its postback is waited for.
func (s *screen) begin(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	c := ownCampaign(v, f.Get("campaign"))
	if c == nil {
		f.Fail("campaign", errors.New("choose one of the campaigns"))
		return renderChoice(v, f)
	}
	params := map[string]string{}
	if sub := strings.TrimSpace(f.Get("sub1")); sub != "" {
		params["sub1"] = sub
	}
	made, err := s.Trials.Begin(v.R.Context(), c, params)
	if err != nil {
		return err
	}
	return v.See(TestPath(v.Account.ID) + "/" + made.Click.ID.String())
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
