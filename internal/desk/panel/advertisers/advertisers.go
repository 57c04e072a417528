package advertisers

import (
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// advertisersPage lists the operators' clients.
type advertisersPage struct{ Rows []advertiserRow }

type advertiserRow struct {
	*homing.Account
	Campaigns, Active int
	Keys              int // active ones
}

func listAdvertisers(v *page.Visit) error {
	var rows []advertiserRow
	for _, a := range v.View.Accounts {
		if a.Erased {
			continue
		}
		row := advertiserRow{Account: a}
		for _, c := range v.View.CampaignsOf(a.ID) {
			row.Campaigns++
			if c.Status == homing.CampaignActive {
				row.Active++
			}
		}
		for _, k := range v.View.KeysOf(a.ID) {
			if k.State(v.Now) == homing.KeyActive {
				row.Keys++
			}
		}
		rows = append(rows, row)
	}
	return v.Show(http.StatusOK, "advertisers", "Advertisers", advertisersPage{rows})
}

// advertiserNewPage makes one.
type advertiserNewPage struct{ Form *page.Form }

func newAdvertiser(v *page.Visit) error {
	f := page.NewForm("currency", homing.DefaultCurrency,
		"price_min", homing.DefaultPriceMin.String(), "price_max", homing.DefaultPriceMax.String())
	return v.Show(http.StatusOK, "advertiser_new", "New advertiser", advertiserNewPage{f})
}

func createAdvertiser(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	n := catalog.NewAccount{
		Name: f.Get("name"), Ref: strings.TrimSpace(f.Get("ref")), MultiLead: f.On("multi_lead"),
		PriceMin: f.Money("price_min"), PriceMax: f.Money("price_max"), Currency: strings.TrimSpace(f.Get("currency")),
	}
	if !f.Bad() {
		// The first key is told on the tracking page, after the password.
		account, _, _, err := v.Rooms.Catalog.CreateAccount(v.R.Context(), v.Who.Actor(), n)
		if err == nil {
			return v.See(page.AdvertiserPath(account.ID) + "?done=created")
		}
		if !f.Take(err, advertiserFields) {
			return err
		}
	}
	return v.Show(page.FormStatus(f), "advertiser_new", "New advertiser", advertiserNewPage{f})
}

// advertiserFields are the fields that the catalog's errors speak of.
var advertiserFields = map[string]string{
	"name": "name", "ref": "ref", "price-min": "price_min", "price range": "price_min", "currency": "currency",
	"amount": "price_max",
}
