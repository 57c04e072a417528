package door

import (
	"errors"
	"net/http"

	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
)

// welcomePage asks for a password over a one-time link, and the first operator
// for an e-mail address as well.
type welcomePage struct {
	signin.Welcome
	Form *page.Form
	Path string
}

// showWelcome looks at a link. Programs fetch links ahead, so looking does not
// use it up.
func showWelcome(v *page.Visit) error {
	welcome, err := v.Rooms.SignIn.Welcome(v.R.Context(), token(v))
	if err != nil {
		return err
	}
	return renderWelcome(v, http.StatusOK, welcome, page.NewForm())
}

func token(v *page.Visit) signin.Token { return signin.Token(v.Params["token"]) }

func renderWelcome(v *page.Visit, status int, welcome signin.Welcome, f *page.Form) error {
	title := "Choose a password"
	if welcome.First {
		title = "Set up homing"
	}
	return v.Show(status, "welcome", title, welcomePage{welcome, f, v.R.URL.Path})
}

func chooseFirstPassword(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	welcome, err := v.Rooms.SignIn.Welcome(v.R.Context(), token(v))
	if err != nil {
		return err
	}
	session, err := v.Rooms.SignIn.Choose(v.R.Context(), v.From(), token(v), f.Get("email"), f.Get("password"))
	if err != nil {
		if !f.Take(err, map[string]string{"password": "password", "e-mail": "email"}) {
			return err
		}
		return renderWelcome(v, http.StatusUnprocessableEntity, welcome, f)
	}
	if session == "" { // there is a second factor
		return v.See("/signin?done=chosen")
	}
	v.Rooms.SignIn.Remember(v.W, session)
	if welcome.First { // what holds for the whole comes next
		return v.See("/setup")
	}
	return v.See("/")
}

// signInPage is the way in.
type signInPage struct {
	Form *page.Form
	Next string
}

func showSignIn(v *page.Visit) error {
	next := v.R.URL.Query().Get("next")
	if !page.LocalPath(next) {
		next = "/"
	}
	if v.Who != nil {
		return v.See(next)
	}
	return v.Show(http.StatusOK, "signin", "Sign in", signInPage{page.NewForm(), next})
}

func doSignIn(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	next := f.Get("next")
	if !page.LocalPath(next) {
		next = "/"
	}
	session, ticket, err := v.Rooms.SignIn.SignIn(v.R.Context(), v.From(), f.Get("email"), f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return v.Show(status, "signin", "Sign in", signInPage{f, next})
	} else if err != nil {
		return err
	}
	if ticket != "" {
		return v.Show(http.StatusOK, "signin_code", "Sign in", codePage{page.NewForm(), next, ticket})
	}
	v.Rooms.SignIn.Remember(v.W, session)
	return v.See(next)
}

// codePage is the second step of signing in. It looks the same after a wrong
// password, see signin.Ticket.
type codePage struct {
	Form   *page.Form
	Next   string
	Ticket signin.Ticket
}

// showCodeStep is where whoever loads the page of the second step again ends up:
// at the first.
func showCodeStep(v *page.Visit) error { return v.See("/signin") }

func doCodeStep(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	next, ticket := f.Get("next"), signin.Ticket(f.Get("ticket"))
	if !page.LocalPath(next) {
		next = "/"
	}
	session, err := v.Rooms.SignIn.Finish(v.R.Context(), v.From(), ticket, f.Get("code"))
	if errors.Is(err, signin.ErrTicket) {
		f := page.NewForm()
		f.Problem = "That took too long. Sign in again."
		return v.Show(http.StatusForbidden, "signin", "Sign in", signInPage{f, next})
	} else if status, told := v.Refusal(err, f); told {
		return v.Show(status, "signin_code", "Sign in", codePage{f, next, ticket})
	} else if err != nil {
		return err
	}
	v.Rooms.SignIn.Remember(v.W, session)
	return v.See(next)
}

func doSignOut(v *page.Visit) error {
	if err := v.Rooms.SignIn.End(v.W, v.R); err != nil {
		return err
	}
	return v.See("/signin")
}

// showYou leads on: one's own user stood here once.
func showYou(v *page.Visit) error { return v.See("/settings") }
