package home

import (
	"errors"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/catalog"
)

// setupPage asks what holds for the whole, before there is anything. Every field
// may stay empty, and all can be changed in the settings.
type setupPage struct {
	Form *page.Form
	// Plain is how clicks and postbacks are reached now, Desk how the panel is.
	Plain, Desk string
}

func showSetup(v *page.Visit) error {
	i := v.View.Installation
	return renderSetup(v, page.NewForm("name", i.Name, "public_url", i.PublicURL, "desk_url", i.DeskURL, "zone", i.Zone, "currency", i.Currency))
}

func renderSetup(v *page.Visit, f *page.Form) error {
	return v.Show(page.FormStatus(f), "setup", "Set up homing", setupPage{f, v.Addresses().Plain(), v.Addresses().Desk})
}

func setUp(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	_, err = v.Catalog.UpdateInstallation(v.R.Context(), v.Who.Actor(), func(i *homing.Installation) {
		i.Name, i.PublicURL, i.DeskURL = strings.TrimSpace(f.Get("name")), f.Get("public_url"), f.Get("desk_url")
		i.Zone, i.Currency = strings.TrimSpace(f.Get("zone")), f.Get("currency")
	})
	var wrong *catalog.FieldError
	if errors.As(err, &wrong) {
		f.Fail(wrong.Field, errors.New(wrong.Problem))
		return renderSetup(v, f)
	} else if err != nil {
		return err
	}
	return v.See("/")
}
