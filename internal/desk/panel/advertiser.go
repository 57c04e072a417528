package panel

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"homing"
)

// advertiserPage has an advertiser's settings, and the people who sign in for
// it.
type advertiserPage struct {
	*homing.Account
	Tab       string
	Form      *form
	People    []homing.User
	Campaigns int
	Invite    *form
	// Link was made just now; it is shown once.
	Link    string
	Invited string
	Expires homing.Millis
}

func showAdvertiser(v *visit) error {
	return v.showAdvertiser(http.StatusOK, advertiserPage{Form: advertiserForm(v.account)})
}

func advertiserForm(a *homing.Account) *form {
	f := newForm("name", a.Name, "ref", a.Ref, "currency", a.Currency,
		"price_min", a.PriceMin.String(), "price_max", a.PriceMax.String())
	if a.MultiLead {
		f.values.Set("multi_lead", "on")
	}
	return f
}

func (v *visit) showAdvertiser(status int, page advertiserPage) error {
	people, err := v.panel.SignIn.PeopleOf(v.r.Context(), v.account.ID)
	if err != nil {
		return err
	}
	page.Account, page.Tab, page.People = v.account, "settings", people
	page.Campaigns = len(v.view.CampaignsOf(v.account.ID))
	if page.Invite == nil {
		page.Invite = newForm()
	}
	return v.show(status, "advertiser", v.account.Name, page)
}

func updateAdvertiser(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	lowest, highest := f.money("price_min"), f.money("price_max")
	for field, value := range map[string]homing.Value{"price_min": lowest, "price_max": highest} {
		if !value.Given {
			f.fail(field, errors.New("an amount is needed here"))
		}
	}
	if !f.Bad() {
		_, err = v.panel.Catalog.UpdateAccount(v.r.Context(), v.who.Actor(), v.account.ID, func(a *homing.Account) {
			a.Name, a.Ref = strings.TrimSpace(f.Get("name")), strings.TrimSpace(f.Get("ref"))
			a.MultiLead = f.On("multi_lead")
			a.PriceMin, a.PriceMax = lowest.Money, highest.Money
			a.Currency = strings.ToUpper(strings.TrimSpace(f.Get("currency")))
		})
		if err == nil {
			return v.see(advertiserPath(v.account.ID) + "?done=saved")
		}
		if !f.take(err, advertiserFields) {
			return err
		}
	}
	return v.showAdvertiser(formStatus(f), advertiserPage{Form: f})
}

// invitePerson makes a user of the advertiser, or a new link for one it has.
// The link is shown once; it is not sent anywhere.
func invitePerson(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	page := advertiserPage{Form: advertiserForm(v.account), Invite: f}
	page.Link, page.Expires, err = v.linkFor(f.Get("email"), f.On("again"))
	if err != nil {
		// Whether an address is known elsewhere is not told in more words.
		if !f.take(err, map[string]string{"e-mail": "email"}) {
			return err
		}
		if errors.Is(err, homing.ErrConflict) {
			f.Problem, f.Errors["email"] = "", "Somebody signs in with this address already."
		}
		return v.showAdvertiser(http.StatusUnprocessableEntity, page)
	}
	page.Invited = strings.TrimSpace(f.Get("email"))
	page.Invite = newForm()
	return v.showAdvertiser(http.StatusOK, page)
}

func (v *visit) linkFor(email string, again bool) (string, homing.Millis, error) {
	ctx, by := v.r.Context(), v.who.Actor()
	if !again {
		return v.panel.SignIn.Invite(ctx, by, email, homing.RoleAdvertiser, v.account.ID)
	}
	people, err := v.panel.SignIn.PeopleOf(v.r.Context(), v.account.ID)
	if err != nil {
		return "", 0, err
	}
	for _, u := range people {
		if u.Email == email {
			return v.panel.SignIn.Reset(ctx, by, email)
		}
	}
	return "", 0, fmt.Errorf("user of account %s: %w", v.account.ID, homing.ErrNotFound)
}
