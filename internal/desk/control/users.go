package control

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/signin"
)

func (d desk) users(r *http.Request) (any, error) {
	all, err := d.People.Users(r.Context())
	if err != nil {
		return nil, err
	}
	list := []User{}
	for _, u := range all {
		list = append(list, User{
			ID: u.ID, Email: u.Email, Role: u.Role, Account: u.Account, Level: u.Level, HideMoney: u.HideMoney,
			SecondFactor: len(u.TOTP) > 0, Created: when(u.Created), Invited: u.Password == "", Disabled: u.Disabled,
		})
	}
	return list, nil
}

func (d desk) inviteUser(r *http.Request) (any, error) {
	ask, err := read[UserRequest](r)
	if err != nil {
		return nil, err
	}
	if ask.Role == 0 {
		ask.Role = homing.RoleOperator
		if ask.Account != 0 {
			ask.Role = homing.RoleAdvertiser
		}
	}
	link, expires, err := d.SignIn.Invite(r.Context(), actor, signin.Invitation{
		Email: ask.Email, Role: ask.Role, Account: ask.Account, Level: cmp.Or(ask.Level, homing.Owner), HideMoney: ask.HideMoney,
	})
	if err != nil {
		return nil, err
	}
	return UserLink{Email: ask.Email, Link: link, Expires: when(expires)}, nil
}

func (d desk) resetUser(r *http.Request) (any, error) {
	ask, err := read[UserRequest](r)
	if err != nil {
		return nil, err
	}
	link, expires, err := d.SignIn.Reset(r.Context(), actor, ask.Email)
	if err != nil {
		return nil, err
	}
	told := UserLink{Email: ask.Email, Link: link, Expires: when(expires)}
	if ask.SecondFactor {
		told.SecondFactorRemoved, err = d.SignIn.ResetFactorOf(r.Context(), actor, ask.Email)
	}
	return told, err
}

// trace takes its text in a body, not in the path: it may be a postback URL
// with a key in it, and targets get logged.
func (d desk) trace(r *http.Request) (any, error) {
	ask, err := read[TraceRequest](r)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(ask.Text) == "" {
		return nil, fmt.Errorf("%w click id: it is empty; give a click id, or a URL that holds one", homing.ErrInvalid)
	}
	story, lines, err := d.Trace(r.Context(), ask.Text)
	if err != nil {
		return nil, err
	}
	text, err := marshal(story)
	if err != nil {
		return nil, fmt.Errorf("couldn't write the story: %w", err)
	}
	return Trace{Story: text, Lines: lines}, nil
}
