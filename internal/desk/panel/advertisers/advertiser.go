package advertisers

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
	"homing/internal/flow/catalog"
)

// advertiserPage has an advertiser's settings, and the people who sign in for
// it.
type advertiserPage struct {
	*homing.Account
	Tab    string
	Form   *page.Form
	People []homing.User
	// MorePeople are not listed here; HideMoney leaves amounts out.
	MorePeople int
	HideMoney  bool
	Campaigns  int
	Holding    int      // campaigns that hold conversions
	Senders    []string // permitted networks; none = from everywhere
	// Conversion is when the last one came; 0 = never.
	Conversion homing.Millis
	Invite     *page.Form
	Levels     []homing.Level
	// Manager may change settings, Owner people and erase.
	Manager, Owner bool
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

// mostPeople are listed beside the settings; all of them have pages of their own.
const mostPeople = 20

// levels may be given to people, the lowest first.
var levels = []homing.Level{homing.ReadOnly, homing.Manager, homing.Owner}

func renderAdvertiser(v *page.Visit, status int, p advertiserPage) error {
	people, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), v.Account.ID)
	if err != nil {
		return err
	}
	if p.Conversion, err = lastConversion(v, v.Account.ID); err != nil {
		return err
	}
	p.Account, p.Tab, p.Levels, p.HideMoney = v.Account, "settings", levels, v.Who.HideMoney
	p.People = people[:min(len(people), mostPeople)]
	p.MorePeople = len(people) - len(p.People)
	p.Manager, p.Owner = v.Who.Level.AtLeast(homing.Manager), v.Who.Level.AtLeast(homing.Owner)
	p.Senders = catalog.SenderTexts(v.Account.Senders)
	for _, c := range v.View.CampaignsOf(v.Account.ID) {
		p.Campaigns++
		if c.Hold {
			p.Holding++
		}
	}
	if p.Invite == nil {
		p.Invite = page.NewForm("level", homing.Owner.String())
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
		if !value.Given && !v.Who.HideMoney {
			f.Fail(field, errors.New("an amount is needed here"))
		}
	}
	if !f.Bad() {
		_, err = v.Rooms.Catalog.UpdateAccount(v.R.Context(), v.Who.Actor(), v.Account.ID, func(a *homing.Account) {
			a.Name, a.Ref = strings.TrimSpace(f.Get("name")), strings.TrimSpace(f.Get("ref"))
			a.MultiLead = f.On("multi_lead")
			if !v.Who.HideMoney {
				a.PriceMin, a.PriceMax = lowest.Money, highest.Money
			}
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
	level := homing.Owner // the first person of an advertiser decides about the others
	if text := f.Get("level"); text != "" && level.UnmarshalText([]byte(text)) != nil {
		f.Fail("level", errors.New("choose one of those that are listed"))
		return renderAdvertiser(v, http.StatusUnprocessableEntity, p)
	}
	p.Link, p.Expires, err = linkFor(v, f.Get("email"), level, f.On("again"))
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
	p.Invited, p.Invite = strings.TrimSpace(f.Get("email")), nil
	return renderAdvertiser(v, http.StatusOK, p)
}

func linkFor(v *page.Visit, email string, level homing.Level, again bool) (string, homing.Millis, error) {
	ctx, by := v.R.Context(), v.Who.Actor()
	if !again {
		return v.Rooms.SignIn.Invite(ctx, by, signin.Invitation{
			Email: email, Role: homing.RoleAdvertiser, Account: v.Account.ID, Level: level,
		})
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
