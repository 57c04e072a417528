package settings

import (
	"cmp"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
)

// youPage is about one's own user. Of its forms at most one has something wrong.
type youPage struct {
	*signin.Person
	Belongs  string // the advertiser's name
	Zone     *page.Form
	Default  string // the zone without a choice
	Password *page.Form
	Sessions []sessionRow
	Paging   page.Paging // of the sessions
	// Renew and Remove are the forms of a second factor that is there.
	Renew, Remove *page.Form
	Left          int // recovery codes
}

func showYou(v *page.Visit) error { return renderYou(v, http.StatusOK, youPage{}) }

func renderYou(v *page.Visit, status int, p youPage) error {
	sessions, err := v.Rooms.SignIn.Sessions(v.R.Context(), v.Who)
	if err != nil {
		return err
	}
	p.Person, p.Left = v.Who, len(v.Who.Recovery)
	p.Sessions, p.Paging = sessionRows(v, sessions)
	p.Default = cmp.Or(defaultZone(v), "UTC")
	if a := v.View.Account(v.Who.Account); a != nil {
		p.Belongs = a.Name
	}
	if p.Zone == nil {
		p.Zone = page.NewForm("zone", v.Who.Zone)
	}
	for _, form := range []**page.Form{&p.Password, &p.Renew, &p.Remove} {
		if *form == nil {
			*form = page.NewForm()
		}
	}
	return v.Show(status, "settings", "Settings", p)
}

// defaultZone is what holds for whoever chose none.
func defaultZone(v *page.Visit) string {
	if v.Rooms.Zone != nil {
		return v.Rooms.Zone.String()
	}
	return v.View.Installation.Zone
}

func changePassword(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	session, err := v.Rooms.SignIn.ChangePassword(v.R.Context(), v.From(), v.Who, f.Get("password"), f.Get("next"))
	if status, told := v.Refusal(err, f); told {
		return renderYou(v, status, youPage{Password: f})
	} else if err != nil && f.Take(err, map[string]string{"password": "next"}) {
		return renderYou(v, http.StatusUnprocessableEntity, youPage{Password: f})
	} else if err != nil {
		return err
	}
	v.Rooms.SignIn.Remember(v.W, session)
	return v.See("/settings?done=password")
}

func changeZone(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = v.Rooms.SignIn.SetZone(v.R.Context(), v.Who, strings.TrimSpace(f.Get("zone")))
	if err != nil {
		if !f.Take(err, map[string]string{"zone": "zone"}) {
			return err
		}
		return renderYou(v, http.StatusUnprocessableEntity, youPage{Zone: f})
	}
	return v.See("/settings?done=saved")
}

// levelWords say what a level may do, the lowest first.
type levelWord struct {
	Level homing.Level
	Means string
}

var levels = []levelWord{
	{homing.ReadOnly, "looks at everything but keys, and changes nothing"},
	{homing.Manager, "does the daily work: keys, campaigns, conversions, tests"},
	{homing.Owner, "decides about people, tokens and settings besides"},
}
