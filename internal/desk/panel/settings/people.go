package settings

import (
	"errors"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
)

// peoplePage lists the users of one side: the operators, or an advertiser's.
type peoplePage struct {
	Side
	People []homing.User
	Paging page.Paging
	Invite *page.Form
	Levels []levelWord
	shownLink
}

// Side is whose people a page is about.
type Side struct {
	// Of is the advertiser's name; "" = the operators.
	Of string
	// Query is what forms and links carry on, such as "?account=3".
	Query string
	// Theirs: an operator looks at those of an advertiser, Account.
	Theirs     bool
	Account    homing.AccountID
	Advertiser *homing.Account
	Me         homing.UserID
}

// shownLink was made just now; it is shown once.
type shownLink struct {
	Link, For string
	Until     homing.Millis
}

// peopleAtOnce is how many a page lists.
const peopleAtOnce = 50

// side is what the request is about: the router has looked ?account= up, and
// whether it is theirs to see.
func side(v *page.Visit) (homing.AccountID, Side) {
	s := Side{Me: v.Who.ID}
	if v.Account == nil {
		return 0, s
	}
	s.Of, s.Theirs = v.Account.Name, v.Who.Operator()
	if s.Theirs {
		s.Account, s.Advertiser, s.Query = v.Account.ID, v.Account, "?account="+v.Account.ID.String()
	}
	return v.Account.ID, s
}

func showPeople(v *page.Visit) error { return renderPeople(v, http.StatusOK, peoplePage{}) }

func renderPeople(v *page.Visit, status int, p peoplePage) error {
	account, whose := side(v)
	people, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), account)
	if err != nil {
		return err
	}
	p.People, p.Paging = page.Cut(v, "/settings/people", people, peopleAtOnce, "user")
	p.Side, p.Levels = whose, levels
	if p.Invite == nil {
		p.Invite = page.NewForm("level", homing.Manager.String())
	}
	return v.Show(status, "settings_people", "People", p)
}

// invite makes a user, and shows the link over which a password is chosen. It is
// not sent anywhere.
func invite(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	account, _ := side(v)
	n := signin.Invitation{Email: f.Get("email"), Role: homing.RoleOperator, Account: account, HideMoney: f.On("hide_money")}
	if account != 0 {
		n.Role = homing.RoleAdvertiser
	}
	f.Fail("level", n.Level.UnmarshalText([]byte(f.Get("level"))))
	if f.Bad() {
		return renderPeople(v, http.StatusUnprocessableEntity, peoplePage{Invite: f})
	}
	link, until, err := v.Rooms.SignIn.Invite(v.R.Context(), v.Who.Actor(), n)
	if errors.Is(err, homing.ErrConflict) {
		// Whose address it is, is not told.
		f.Fail("email", errors.New("somebody signs in with this address already"))
		return renderPeople(v, http.StatusUnprocessableEntity, peoplePage{Invite: f})
	} else if err != nil && f.Take(err, userFields) {
		return renderPeople(v, http.StatusUnprocessableEntity, peoplePage{Invite: f})
	} else if err != nil {
		return err
	}
	return renderPeople(v, http.StatusOK, peoplePage{shownLink: shownLink{link, strings.TrimSpace(f.Get("email")), until}})
}

// userFields are where the words of package signin belong.
var userFields = map[string]string{"e-mail": "email", "level": "level", "amounts": "hide_money"}
