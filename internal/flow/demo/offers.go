package demo

import (
	"context"
	"fmt"
	"time"

	"homing"
	"homing/internal/flow/catalog"
)

// accountName says what it is wherever it stands.
const accountName = "Demo: Northwind Outfitters"

// offer is a campaign of the demo, and what its visitors do.
type offer struct {
	campaign catalog.NewCampaign
	daily    int     // clicks on an ordinary day
	rate     float64 // of visitors that convert
	cost     homing.Money
	lowest   homing.Money // values that are sent; 0 = none is
	highest  homing.Money
	leads    bool // sends lead codes, with the key and over https
	// slow: some convert only when the window is over.
	slow    bool
	country []string // as often as they are listed
}

var offers = []offer{
	{
		campaign: catalog.NewCampaign{
			Name: "Spring jackets", URL: "https://outfitters.example/spring?clickid={click_id}&source={site_id}",
			DefaultValue: homing.ValueOf(4 * homing.Unit),
		},
		daily: 190, rate: 0.045, cost: 90_000, lowest: 6 * homing.Unit, highest: 48 * homing.Unit,
		country: []string{"DE", "DE", "DE", "AT", "CH", "NL"},
	},
	{
		campaign: catalog.NewCampaign{
			Name: "App installs", URL: "https://app.outfitters.example/get?ext={click_id}&pub={site_id}&c={creative_id}",
			Window: 3 * 24 * time.Hour, Hold: true, Goals: []homing.Goal{{ID: 1, Name: "Install"}, {ID: 2, Name: "First order"}},
		},
		daily: 130, rate: 0.06, cost: 40_000, lowest: 1 * homing.Unit, highest: 3 * homing.Unit, leads: true, slow: true,
		country: []string{"US", "US", "US", "GB", "CA", "AU"},
	},
	{
		campaign: catalog.NewCampaign{
			Name: "Newsletter sign-ups", URL: "https://outfitters.example/news?subid={click_id}", DefaultValue: homing.ValueOf(3 * homing.Unit / 2),
		},
		daily: 80, rate: 0.09, cost: 25_000, country: []string{"FR", "FR", "BE", "ES", "IT"},
	},
}

// openOffers makes the account and its campaigns.
func (d *Demo) openOffers(ctx context.Context, by string) (*filling, error) {
	account, _, secret, err := d.Catalog.CreateAccount(ctx, by, catalog.NewAccount{
		Name: accountName, Ref: Unfinished, MultiLead: true, Demo: true,
	})
	if err != nil {
		return nil, err
	}
	f := &filling{Demo: d, account: account.ID, secret: secret, now: homing.MillisOf(d.Clock())}
	for _, o := range offers {
		o.campaign.Account = account.ID
		c, err := d.Catalog.CreateCampaign(ctx, by, o.campaign)
		if err != nil {
			return nil, fmt.Errorf("couldn't make campaign %s: %w", o.campaign.Name, err)
		}
		f.campaigns = append(f.campaigns, c.ID)
	}
	f.masker = d.Catalog.Masker()
	return f, nil
}
