package settings

import (
	"errors"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// installationPage is what holds for the whole.
type installationPage struct {
	Form  *page.Form
	Given Given
	// Plain and Desk are how clicks and the panel are reached now.
	Plain, Desk string
}

func (s screen) showInstallation(v *page.Visit) error {
	i := v.View.Installation
	return s.renderInstallation(v, http.StatusOK,
		page.NewForm("name", i.Name, "public_url", i.PublicURL, "desk_url", i.DeskURL, "zone", i.Zone, "currency", i.Currency))
}

func (s screen) renderInstallation(v *page.Visit, status int, f *page.Form) error {
	at := v.Rooms.Addresses()
	return v.Show(status, "settings_installation", "Installation", installationPage{f, s.Given, at.Plain(), at.Desk})
}

func (s screen) changeInstallation(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	_, err = v.Rooms.Catalog.UpdateInstallation(v.R.Context(), v.Who.Actor(), func(i *homing.Installation) {
		i.Name, i.PublicURL, i.DeskURL = f.Get("name"), f.Get("public_url"), f.Get("desk_url")
		i.Zone, i.Currency = strings.TrimSpace(f.Get("zone")), f.Get("currency")
	})
	var wrong *catalog.FieldError
	if errors.As(err, &wrong) {
		f.Fail(wrong.Field, errors.New(wrong.Problem))
		return s.renderInstallation(v, http.StatusUnprocessableEntity, f)
	} else if err != nil {
		return err
	}
	return v.See("/settings/installation?done=saved")
}
