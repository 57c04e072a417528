package campaigns

import (
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
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

func listCampaigns(v *page.Visit) error {
	p := campaignsPage{Account: v.Account, Tab: "campaigns", Operator: v.Who.Operator(), Advertisers: len(v.Advertisers())}
	var of homing.AccountID
	if v.Account != nil {
		of = v.Account.ID
	}
	for _, c := range v.View.CampaignsOf(of) {
		p.Rows = append(p.Rows, campaignRow{c, v.ClickURL(&c.Campaign)})
	}
	return v.Show(http.StatusOK, "campaigns", "Campaigns", p)
}
