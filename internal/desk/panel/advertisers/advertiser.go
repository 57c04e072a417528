package advertisers

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
)

// advertiserPage has an advertiser's settings, and the people who sign in for
// it.
type advertiserPage struct {
	*homing.Account
	Tab       string
	Form      *page.Form
	People    []homing.User
	Campaigns int
	Invite    *page.Form
	// Link was made just now; it is shown once.
	Link    string
	Invited string
	Expires homing.Millis
}

func showAdvertiser(v *page.Visit) error {
	return renderAdvertiser(v, http.StatusOK, advertiserPage{Form: advertiserForm(v.Account)})
}

func advertiserForm(a *homing.Account) *page.Form {
	f := page.NewForm("name", a.Name, "ref", a.Ref, "currency", a.Currency,
		"price_min", a.PriceMin.String(), "price_max", a.PriceMax.String())
	if a.MultiLead {
		f.Set("multi_lead", "on")
	}
	return f
}

func renderAdvertiser(v *page.Visit, status int, p advertiserPage) error {
	people, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), v.Account.ID)
	if err != nil {
		return err
	}
	p.Account, p.Tab, p.People = v.Account, "settings", people
	p.Campaigns = len(v.View.CampaignsOf(v.Account.ID))
	if p.Invite == nil {
		p.Invite = page.NewForm()
	}
	return v.Show(status, "advertiser", v.Account.Name, p)
}

func updateAdvertiser(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	lowest, highest := f.Money("price_min"), f.Money("price_max")
	for field, value := range map[string]homing.Value{"price_min": lowest, "price_max": highest} {
		if !value.Given {
			f.Fail(field, errors.New("an amount is needed here"))
		}
	}
	if !f.Bad() {
		_, err = v.Rooms.Catalog.UpdateAccount(v.R.Context(), v.Who.Actor(), v.Account.ID, func(a *homing.Account) {
			a.Name, a.Ref = strings.TrimSpace(f.Get("name")), strings.TrimSpace(f.Get("ref"))
			a.MultiLead = f.On("multi_lead")
			a.PriceMin, a.PriceMax = lowest.Money, highest.Money
			a.Currency = strings.ToUpper(strings.TrimSpace(f.Get("currency")))
		})
		if err == nil {
			return v.See(page.AdvertiserPath(v.Account.ID) + "?done=saved")
		}
		if !f.Take(err, advertiserFields) {
			return err
		}
	}
	return renderAdvertiser(v, page.FormStatus(f), advertiserPage{Form: f})
}

// invitePerson makes a user of the advertiser, or a new link for one it has.
// The link is shown once; it is not sent anywhere.
func invitePerson(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	p := advertiserPage{Form: advertiserForm(v.Account), Invite: f}
	p.Link, p.Expires, err = linkFor(v, f.Get("email"), f.On("again"))
	if err != nil {
		// Whether an address is known elsewhere is not told in more words.
		if !f.Take(err, map[string]string{"e-mail": "email"}) {
			return err
		}
		if errors.Is(err, homing.ErrConflict) {
			f.Problem, f.Errors["email"] = "", "Somebody signs in with this address already."
		}
		return renderAdvertiser(v, http.StatusUnprocessableEntity, p)
	}
	p.Invited = strings.TrimSpace(f.Get("email"))
	p.Invite = page.NewForm()
	return renderAdvertiser(v, http.StatusOK, p)
}

func linkFor(v *page.Visit, email string, again bool) (string, homing.Millis, error) {
	ctx, by := v.R.Context(), v.Who.Actor()
	if !again {
		return v.Rooms.SignIn.Invite(ctx, by, email, homing.RoleAdvertiser, v.Account.ID)
	}
	people, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), v.Account.ID)
	if err != nil {
		return "", 0, err
	}
	for _, u := range people {
		if u.Email == email {
			return v.Rooms.SignIn.Reset(ctx, by, email)
		}
	}
	return "", 0, fmt.Errorf("user of account %s: %w", v.Account.ID, homing.ErrNotFound)
}
