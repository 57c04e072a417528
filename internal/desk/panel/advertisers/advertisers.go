package advertisers

import (
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
	"homing/internal/flow/catalog"
)

// advertisersPage lists the operators' clients.
type advertisersPage struct {
	Rows []advertiserRow
	// Away tells that there are no figures just now.
	Away bool
	Find string
	// May make advertisers.
	Manager   bool
	HideMoney bool
	Any       bool
	Paging    page.Paging
}

type advertiserRow struct {
	*homing.Account
	Campaigns, Active int
	Keys              int           // active ones
	Conversion        homing.Millis // the last one; 0 = none yet
	Day               figures       // of the last 24 hours
}

// pageLen is how many advertisers a page has.
const pageLen = 50

func listAdvertisers(v *page.Visit) error {
	p := advertisersPage{Find: strings.TrimSpace(v.R.URL.Query().Get("q")), Manager: v.Who.Level.AtLeast(homing.Manager), HideMoney: v.Who.HideMoney}
	var fit []*homing.Account
	for _, a := range v.Advertisers() {
		p.Any = true
		if fits(a, strings.ToLower(p.Find)) {
			fit = append(fit, a)
		}
	}
	days, err := dayOf(v)
	if err != nil {
		return err
	}
	p.Away = days == nil
	fit, p.Paging = page.Cut(v, "/advertisers", fit, pageLen, "advertiser")
	for _, a := range fit {
		row, err := rowOf(v, a)
		if err != nil {
			return err
		}
		row.Day = days[a.ID]
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "advertisers", "Advertisers", p)
}

// fits tells whether an advertiser is one that is looked for.
func fits(a *homing.Account, find string) bool {
	return find == "" || strings.Contains(strings.ToLower(a.Name), find) || strings.Contains(strings.ToLower(a.Ref), find) ||
		strings.ToLower(a.PublicID) == find || a.ID.String() == find
}

func rowOf(v *page.Visit, a *homing.Account) (advertiserRow, error) {
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
	var err error
	row.Conversion, err = lastConversion(v, a.ID)
	return row, err
}

// lastConversion is when an account's newest conversion came; 0 = never.
func lastConversion(v *page.Visit, id homing.AccountID) (homing.Millis, error) {
	for c, err := range v.Books.Conversions(v.R.Context(), ledger.ConversionQuery{Account: id, Newest: true, Limit: 1}) {
		if err != nil {
			return 0, fmt.Errorf("couldn't read the last conversion of account %s: %w", id, err)
		}
		return c.At, nil
	}
	return 0, nil
}

// advertiserNewPage makes one.
type advertiserNewPage struct {
	Form      *page.Form
	HideMoney bool
}

func newAdvertiser(v *page.Visit) error {
	currency := v.View.Installation.Currency
	if currency == "" {
		currency = homing.DefaultCurrency
	}
	f := page.NewForm("currency", currency,
		"price_min", homing.DefaultPriceMin.String(), "price_max", homing.DefaultPriceMax.String())
	return v.Show(http.StatusOK, "advertiser_new", "New advertiser", advertiserNewPage{f, v.Who.HideMoney})
}

func createAdvertiser(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	n := catalog.NewAccount{
		Name: f.Get("name"), Ref: strings.TrimSpace(f.Get("ref")), MultiLead: f.On("multi_lead"),
		Currency: strings.TrimSpace(f.Get("currency")),
	}
	if !v.Who.HideMoney {
		n.PriceMin, n.PriceMax = f.Money("price_min"), f.Money("price_max")
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
	return v.Show(page.FormStatus(f), "advertiser_new", "New advertiser", advertiserNewPage{f, v.Who.HideMoney})
}

// advertiserFields are the fields that the catalog's errors speak of.
var advertiserFields = map[string]string{
	"name": "name", "ref": "ref", "price-min": "price_min", "price range": "price_min", "currency": "currency",
	"amount": "price_max",
}
