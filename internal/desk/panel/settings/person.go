package settings

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
)

// personPage is one user among the own people, or an advertiser's.
type personPage struct {
	homing.User
	Side
	Own bool // the user is who looks
	// Problem says why a button did nothing.
	Problem string
	Form    *page.Form
	Reset   *page.Form // of the second factor
	Levels  []levelWord
	shownLink
}

// HasFactor tells whether the user signs in with a second factor.
func (p personPage) HasFactor() bool { return len(p.TOTP) > 0 }

// findUser finds a user; whose, the router asks.
func findUser(v *page.Visit, text string) (homing.AccountID, error) {
	id, err := page.Number(text)
	if err != nil {
		return 0, err
	}
	user, err := v.Rooms.SignIn.User(v.R.Context(), homing.UserID(id))
	if err != nil {
		return 0, err
	}
	if user.Account != 0 {
		v.Account = v.View.Account(user.Account)
	}
	v.Found = map[string]any{"user": user}
	return user.Account, nil
}

func found(v *page.Visit) homing.User { return v.Found["user"].(homing.User) }

func showPerson(v *page.Visit) error {
	return renderPerson(v, http.StatusOK, personPage{User: found(v)})
}

func renderPerson(v *page.Visit, status int, p personPage) error {
	_, p.Side = side(v)
	p.Own, p.Levels = p.User.ID == v.Who.ID, levels
	if p.Form == nil {
		p.Form = page.NewForm("level", p.Level.String())
		if p.HideMoney {
			p.Form.Set("hide_money", "on")
		}
	}
	if p.Reset == nil {
		p.Reset = page.NewForm()
	}
	return v.Show(status, "settings_person", p.Email, p)
}

func personPath(id homing.UserID) string { return "/settings/people/" + id.String() }

// changePerson carries one of the page's buttons out: do=save, disable or enable.
func changePerson(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	switch f.Get("do") {
	case "save":
		return savePerson(v, f)
	case "disable":
		return switchPerson(v, true, "user-disabled")
	case "enable":
		return switchPerson(v, false, "user-enabled")
	}
	return fmt.Errorf("%w form: it says nothing that can be done", homing.ErrInvalid)
}

func savePerson(v *page.Visit, f *page.Form) error {
	user := found(v)
	var level homing.Level
	f.Fail("level", level.UnmarshalText([]byte(f.Get("level"))))
	if !f.Bad() {
		_, err := v.Rooms.SignIn.ChangeUser(v.R.Context(), v.Who, user.ID, func(u *homing.User) {
			u.Level, u.HideMoney = level, f.On("hide_money")
		})
		if err == nil {
			return v.See(personAfter(v, user.ID, "saved"))
		}
		if !errors.Is(err, homing.ErrInvalid) || !f.Take(err, userFields) {
			return err
		}
	}
	return renderPerson(v, http.StatusUnprocessableEntity, personPage{User: user, Form: f})
}

// personAfter leads back after a change. Who is no owner any more can't see the
// page.
func personAfter(v *page.Visit, id homing.UserID, done string) string {
	if id == v.Who.ID {
		return "/settings?done=" + done
	}
	return personPath(id) + "?done=" + done
}

func switchPerson(v *page.Visit, off bool, done string) error {
	user := found(v)
	_, err := v.Rooms.SignIn.ChangeUser(v.R.Context(), v.Who, user.ID, func(u *homing.User) { u.Disabled = off })
	if errors.Is(err, homing.ErrInvalid) {
		return refusePerson(v, user, err)
	} else if err != nil {
		return err
	}
	return v.See(personPath(user.ID) + "?done=" + done)
}

// refusePerson tells why a button does nothing.
func refusePerson(v *page.Visit, user homing.User, err error) error {
	p := personPage{User: user}
	if _, why, ok := strings.Cut(err.Error(), ": "); ok { // before it stand kind and field
		err = errors.New(why)
	}
	p.Problem = page.Sentence(err)
	return renderPerson(v, http.StatusUnprocessableEntity, p)
}

// newLink makes a link over which the user chooses a password, the first or
// another one.
func newLink(v *page.Visit) error {
	user := found(v)
	link, until, err := v.Rooms.SignIn.Reset(v.R.Context(), v.Who.Actor(), user.Email)
	if errors.Is(err, homing.ErrInvalid) {
		return refusePerson(v, user, errors.New("the user is disabled; enable it first"))
	} else if err != nil {
		return err
	}
	return renderPerson(v, http.StatusOK, personPage{User: user, shownLink: shownLink{link, user.Email, until}})
}

// resetFactor takes the second factor of somebody away who has lost it.
func resetFactor(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	user := found(v)
	err = v.Rooms.SignIn.ResetFactor(v.R.Context(), v.From(), v.Who, user.ID, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderPerson(v, status, personPage{User: user, Reset: f})
	} else if err != nil {
		return err
	}
	return v.See(personPath(user.ID) + "?done=factor-reset")
}
