package panel

import (
	"errors"
	"net/http"

	"homing"
	"homing/internal/desk/signin"
)

// welcomePage asks for a password over a one-time link, and the first operator
// for an e-mail address as well.
type welcomePage struct {
	signin.Welcome
	Form *form
	Path string
}

// showWelcome looks at a link. Programs fetch links ahead, so looking does not
// use it up.
func showWelcome(v *visit) error {
	welcome, err := v.panel.SignIn.Welcome(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	return v.showWelcome(http.StatusOK, welcome, newForm())
}

func (v *visit) token() signin.Token { return signin.Token(v.params["token"]) }

func (v *visit) showWelcome(status int, welcome signin.Welcome, f *form) error {
	title := "Choose a password"
	if welcome.First {
		title = "Set up homing"
	}
	return v.show(status, "welcome", title, welcomePage{welcome, f, v.r.URL.Path})
}

func chooseFirstPassword(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	welcome, err := v.panel.SignIn.Welcome(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	session, err := v.panel.SignIn.Choose(v.r.Context(), v.from(), v.token(), f.Get("email"), f.Get("password"))
	if err != nil {
		if !f.take(err, map[string]string{"password": "password", "e-mail": "email"}) {
			return err
		}
		return v.showWelcome(http.StatusUnprocessableEntity, welcome, f)
	}
	v.panel.SignIn.Remember(v.w, session)
	return v.see("/")
}

// signInPage is the way in.
type signInPage struct {
	Form *form
	Next string
}

func showSignIn(v *visit) error {
	next := v.r.URL.Query().Get("next")
	if !localPath(next) {
		next = "/"
	}
	if v.who != nil {
		return v.see(next)
	}
	return v.show(http.StatusOK, "signin", "Sign in", signInPage{newForm(), next})
}

func doSignIn(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	next := f.Get("next")
	if !localPath(next) {
		next = "/"
	}
	session, err := v.panel.SignIn.SignIn(v.r.Context(), v.from(), f.Get("email"), f.Get("password"))
	if status, told := v.refusal(err, f); told {
		return v.show(status, "signin", "Sign in", signInPage{f, next})
	} else if err != nil {
		return err
	}
	v.panel.SignIn.Remember(v.w, session)
	return v.see(next)
}

// untilNextTry is when one more password may be tried at the latest, in seconds:
// see signin's allowances.
const untilNextTry = "60"

// refusal notes at the form why a password was not taken. Anything else is not
// the form's fault.
func (v *visit) refusal(err error, f *form) (status int, told bool) {
	switch {
	case errors.Is(err, signin.ErrMismatch):
		f.Problem = "The e-mail address and the password don't belong together."
		return http.StatusForbidden, true
	case errors.Is(err, signin.ErrWrongPassword):
		f.Errors["password"] = "That is not your password."
		return http.StatusForbidden, true
	case errors.Is(err, homing.ErrOverloaded):
		f.Problem = sentence(err)
		v.w.Header().Set("Retry-After", untilNextTry)
		return http.StatusTooManyRequests, true
	}
	return 0, false
}

func doSignOut(v *visit) error {
	if err := v.panel.SignIn.End(v.w, v.r); err != nil {
		return err
	}
	return v.see("/signin")
}

// youPage is about one's own user.
type youPage struct{ Form *form }

func showYou(v *visit) error {
	return v.show(http.StatusOK, "you", "You", youPage{newForm()})
}

func changePassword(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	session, err := v.panel.SignIn.ChangePassword(v.r.Context(), v.from(), v.who, f.Get("password"), f.Get("next"))
	if status, told := v.refusal(err, f); told {
		return v.show(status, "you", "You", youPage{f})
	} else if err != nil && f.take(err, map[string]string{"password": "next"}) {
		return v.show(http.StatusUnprocessableEntity, "you", "You", youPage{f})
	} else if err != nil {
		return err
	}
	v.panel.SignIn.Remember(v.w, session)
	return v.see("/you?done=password")
}
