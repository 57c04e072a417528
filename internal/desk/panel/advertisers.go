package panel

import (
	"net/http"
	"strings"

	"homing"
	"homing/internal/flow/catalog"
)

// advertisersPage lists the operators' clients.
type advertisersPage struct{ Rows []advertiserRow }

type advertiserRow struct {
	*homing.Account
	Campaigns, Active int
	Keys              int // active ones
}

func listAdvertisers(v *visit) error {
	var rows []advertiserRow
	for _, a := range v.view.Accounts {
		if a.Erased {
			continue
		}
		row := advertiserRow{Account: a}
		for _, c := range v.view.CampaignsOf(a.ID) {
			row.Campaigns++
			if c.Status == homing.CampaignActive {
				row.Active++
			}
		}
		for _, k := range v.view.KeysOf(a.ID) {
			if k.State(v.now) == homing.KeyActive {
				row.Keys++
			}
		}
		rows = append(rows, row)
	}
	return v.show(http.StatusOK, "advertisers", "Advertisers", advertisersPage{rows})
}

// advertiserNewPage makes one.
type advertiserNewPage struct{ Form *form }

func newAdvertiser(v *visit) error {
	f := newForm("currency", homing.DefaultCurrency,
		"price_min", homing.DefaultPriceMin.String(), "price_max", homing.DefaultPriceMax.String())
	return v.show(http.StatusOK, "advertiser_new", "New advertiser", advertiserNewPage{f})
}

func createAdvertiser(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	n := catalog.NewAccount{
		Name: f.Get("name"), Ref: strings.TrimSpace(f.Get("ref")), MultiLead: f.On("multi_lead"),
		PriceMin: f.money("price_min"), PriceMax: f.money("price_max"), Currency: strings.TrimSpace(f.Get("currency")),
	}
	if !f.Bad() {
		// The first key is told on the tracking page, after the password.
		account, _, _, err := v.panel.Catalog.CreateAccount(v.r.Context(), v.who.Actor(), n)
		if err == nil {
			return v.see(advertiserPath(account.ID) + "?done=created")
		}
		if !f.take(err, advertiserFields) {
			return err
		}
	}
	return v.show(formStatus(f), "advertiser_new", "New advertiser", advertiserNewPage{f})
}

// advertiserFields are the fields that the catalog's errors speak of.
var advertiserFields = map[string]string{
	"name": "name", "ref": "ref", "price-min": "price_min", "price range": "price_min", "currency": "currency",
	"amount": "price_max",
}
