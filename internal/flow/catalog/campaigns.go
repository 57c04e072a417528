package catalog

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/rule/macro"
)

// slugLen makes slugs opaque (71 bits), and shorter than what a mask looks for.
const slugLen = 12

// CreateCampaign makes a campaign with a click URL of its own.
func (c *Catalog) CreateCampaign(ctx context.Context, by string, n NewCampaign) (homing.Campaign, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Campaign{}, err
	}
	defer c.changing.Unlock()
	account, err := c.liveAccount(n.Account)
	if err != nil {
		return homing.Campaign{}, err
	}
	campaign := c.newCampaign(n)
	if err := checkCampaign(campaign, account); err != nil {
		return homing.Campaign{}, err
	}
	if err := c.change(ctx, by, ledger.PutCampaign{Campaign: campaign}); err != nil {
		return homing.Campaign{}, fmt.Errorf("couldn't create the campaign: %w", err)
	}
	return *campaign, nil
}

func (c *Catalog) newCampaign(n NewCampaign) *homing.Campaign {
	campaign := &homing.Campaign{
		Account: n.Account, Ref: n.Ref, Name: strings.TrimSpace(n.Name), Slug: homing.RandomText(slugLen),
		URL: strings.TrimSpace(n.URL), Status: homing.CampaignActive, Window: n.Window,
		DefaultValue: n.DefaultValue, Hold: n.Hold, Goals: n.Goals, Created: c.now(),
	}
	if campaign.Window == 0 {
		campaign.Window = homing.DefaultWindow
	}
	return campaign
}

// UpdateCampaign changes a campaign as edit says.
func (c *Catalog) UpdateCampaign(ctx context.Context, by string, id homing.CampaignID, edit func(*homing.Campaign)) (homing.Campaign, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Campaign{}, err
	}
	defer c.changing.Unlock()
	present := c.View().Campaign(id)
	if present == nil || present.Owner.Erased {
		return homing.Campaign{}, fmt.Errorf("campaign %s: %w", id, homing.ErrNotFound)
	}
	changed := present.Campaign
	changed.Goals = slices.Clone(changed.Goals)
	edit(&changed)
	changed.ID, changed.Account, changed.Slug, changed.Created = present.ID, present.Account, present.Slug, present.Created
	changed.Name, changed.URL = strings.TrimSpace(changed.Name), strings.TrimSpace(changed.URL)
	if reflect.DeepEqual(changed, present.Campaign) {
		return changed, nil
	}
	if err := checkCampaign(&changed, present.Owner); err != nil {
		return homing.Campaign{}, err
	}
	if err := c.change(ctx, by, ledger.PutCampaign{Campaign: &changed}); err != nil {
		return homing.Campaign{}, fmt.Errorf("couldn't change campaign %s: %w", id, err)
	}
	return changed, nil
}

// checkCampaign says what is wrong with a campaign, naming the field.
func checkCampaign(c *homing.Campaign, owner *homing.Account) error {
	if err := checkName("name", c.Name); err != nil {
		return err
	}
	if err := checkRef(c.Ref); err != nil {
		return err
	}
	if _, err := macro.Compile(c.URL); err != nil {
		return wrongBecause("url", err)
	}
	if c.Window <= 0 || c.Window > homing.MaxWindow {
		return wrong("window", "window "+c.Window.String(), "it must be between 1ms and %s", homing.FormatWindow(homing.MaxWindow))
	}
	if c.Status != homing.CampaignActive && c.Status != homing.CampaignPaused {
		return wrong("status", "status", "want active or paused")
	}
	if v := c.DefaultValue; v.Given && (v.Money < owner.PriceMin || v.Money > owner.PriceMax) {
		return wrong("default_value", "default-value "+v.String(), "the account's range is %s to %s", owner.PriceMin, owner.PriceMax)
	}
	return checkGoals(c.Goals)
}

func checkGoals(goals []homing.Goal) error {
	seen := map[homing.GoalID]bool{}
	for _, g := range goals {
		switch {
		case g.ID == 0:
			return wrong("goals", "goal 0", "it means that none was sent; number goals from 1")
		case seen[g.ID]:
			return wrong("goals", "goal "+g.ID.String(), "it is defined twice")
		}
		seen[g.ID] = true
		if err := checkName("goal name", g.Name); err != nil {
			return wrongBecause("goals", err)
		}
	}
	return nil
}
