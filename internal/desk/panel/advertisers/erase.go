package advertisers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
)

// erasePage says what goes and what stays when an advertiser is erased, and asks
// for its name and the own password.
type erasePage struct {
	*homing.Account
	Form                    *page.Form
	Campaigns, Keys, People int
}

func showErase(v *page.Visit) error { return renderErase(v, http.StatusOK, page.NewForm()) }

func renderErase(v *page.Visit, status int, f *page.Form) error {
	people, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), v.Account.ID)
	if err != nil {
		return err
	}
	p := erasePage{v.Account, f, len(v.View.CampaignsOf(v.Account.ID)), len(v.View.KeysOf(v.Account.ID)), len(people)}
	return v.Show(status, "advertiser_erase", "Erase "+v.Account.Name, p)
}

func erase(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	// Browsers take spaces at the ends for a slip of the hand; so do we.
	if strings.TrimSpace(f.Get("name")) != strings.TrimSpace(v.Account.Name) {
		f.Fail("name", errors.New("that is not its name; write it as it stands above"))
		return renderErase(v, http.StatusUnprocessableEntity, f)
	}
	err = v.Rooms.SignIn.Confirm(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderErase(v, status, f)
	} else if err != nil {
		return err
	}
	// Once begun it goes to its end, also if the browser does not wait for it.
	if err := v.Rooms.Catalog.EraseAccount(context.WithoutCancel(v.R.Context()), v.Who.Actor(), v.Account.ID); err != nil {
		return fmt.Errorf("couldn't erase: %w", err)
	}
	return v.See("/advertisers?done=erased")
}
