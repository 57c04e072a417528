package settings

import (
	_ "embed"
	"errors"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// zoneNames are the zones that are offered: one for each place of the IANA's
// table. Others that the system knows can be typed.
//
//go:embed zones.txt
var zoneNames string

var zones = strings.Fields(zoneNames)

// installationPage is what holds for the whole.
type installationPage struct {
	Form  *page.Form
	Given Given
	Zones []string
	// Plain and Desk are how clicks and the panel are reached now.
	Plain, Desk string
}

func (s screen) showInstallation(v *page.Visit) error {
	i := v.View.Installation
	return s.renderInstallation(v, http.StatusOK,
		page.NewForm("name", i.Name, "public_url", i.PublicURL, "zone", i.Zone, "currency", i.Currency))
}

func (s screen) renderInstallation(v *page.Visit, status int, f *page.Form) error {
	at := v.Rooms.Addresses()
	return v.Show(status, "settings_installation", "Installation", installationPage{f, s.Given, zones, at.Plain(), at.Desk})
}

func (s screen) changeInstallation(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	_, err = v.Rooms.Catalog.UpdateInstallation(v.R.Context(), v.Who.Actor(), func(i *homing.Installation) {
		i.Name, i.PublicURL, i.Zone, i.Currency = f.Get("name"), f.Get("public_url"), strings.TrimSpace(f.Get("zone")), f.Get("currency")
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
