package panel

import (
	"net/http"

	"homing"
	"homing/internal/flow/catalog"
)

// campaignsPage lists campaigns: of one advertiser, or of all for operators.
type campaignsPage struct {
	Account  *homing.Account // nil = all
	Tab      string
	Rows     []campaignRow
	Operator bool
	// Advertisers tells operators whether there is anybody to make a campaign
	// for.
	Advertisers int
}

type campaignRow struct {
	*catalog.Campaign
	ClickURL string
}

func listCampaigns(v *visit) error {
	page := campaignsPage{Account: v.account, Tab: "campaigns", Operator: v.who.Operator(), Advertisers: len(v.advertisers())}
	var of homing.AccountID
	if v.account != nil {
		of = v.account.ID
	}
	for _, c := range v.view.CampaignsOf(of) {
		page.Rows = append(page.Rows, campaignRow{c, v.clickURL(&c.Campaign)})
	}
	return v.show(http.StatusOK, "campaigns", "Campaigns", page)
}

// advertisers lists those that there are.
func (v *visit) advertisers() (list []*homing.Account) {
	for _, a := range v.view.Accounts {
		if !a.Erased {
			list = append(list, a)
		}
	}
	return list
}

// clickURL is what the ad server is given.
func (v *visit) clickURL(c *homing.Campaign) string {
	at := v.panel.Addresses()
	base := at.Public
	if base == "" {
		base = at.Track
	}
	return base + "/c/" + c.Slug
}
