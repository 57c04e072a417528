package door

import (
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
	v.Rooms.SignIn.Remember(v.W, session)
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
	session, err := v.Rooms.SignIn.SignIn(v.R.Context(), v.From(), f.Get("email"), f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return v.Show(status, "signin", "Sign in", signInPage{f, next})
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

// youPage is about one's own user.
type youPage struct{ Form *page.Form }

func showYou(v *page.Visit) error {
	return v.Show(http.StatusOK, "you", "You", youPage{page.NewForm()})
}

func changePassword(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	session, err := v.Rooms.SignIn.ChangePassword(v.R.Context(), v.From(), v.Who, f.Get("password"), f.Get("next"))
	if status, told := v.Refusal(err, f); told {
		return v.Show(status, "you", "You", youPage{f})
	} else if err != nil && f.Take(err, map[string]string{"password": "next"}) {
		return v.Show(http.StatusUnprocessableEntity, "you", "You", youPage{f})
	} else if err != nil {
		return err
	}
	v.Rooms.SignIn.Remember(v.W, session)
	return v.See("/you?done=password")
}
