// Package masterkeys is the screen of the installation's root secrets: when each
// was made, how long it verifies, and a new one before its time.
package masterkeys

import (
	"context"
	"embed"
	"errors"
	"net/http"

	"homing"
	"homing/internal/desk/panel/page"
)

//go:embed pages
var pages embed.FS

// Key is a master key, without its secret.
type Key struct {
	ID   string
	From homing.Millis // new ids are made under it from then on
	// Until is when it may be given up: ids that were made under it verify until
	// then at least. 0 = it has no successor yet.
	Until homing.Millis
	// Renewal is when a successor is made by itself; 0 = it has one.
	Renewal homing.Millis
	// InUse: ids are made under it now.
	InUse bool
}

// Keeper has the master keys.
type Keeper interface {
	// MasterKeys lists them, the newest first.
	MasterKeys(ctx context.Context) ([]Key, error)
	// RotateMasterKey makes a new one, if newest is still the newest's id
	// (homing.ErrConflict otherwise), and writes that into the audit log.
	RotateMasterKey(ctx context.Context, by, newest string) (Key, error)
}

type screen struct{ keeper Keeper }

// New is the screen.
func New(keeper Keeper) page.Screen {
	s := &screen{keeper}
	return page.Screen{
		Pages: pages,
		Routes: []page.Route{
			page.Get("/system/keys", page.Operators, s.show).Owners(),
			page.Post("/system/keys", page.Operators, s.rotate).Owners(),
		},
	}
}

type keysPage struct {
	Form  *page.Form
	Keys  []Key
	Email string
	Open  bool // the form is shown, not only the button
}

func (s *screen) show(v *page.Visit) error { return s.render(v, http.StatusOK, page.NewForm()) }

func (s *screen) render(v *page.Visit, status int, f *page.Form) error {
	keys, err := s.keeper.MasterKeys(v.R.Context())
	if err != nil {
		return err
	}
	return v.Show(status, "masterkeys", "Master keys", keysPage{Form: f, Keys: keys, Email: v.Who.Email, Open: f.Bad()})
}

// rotate makes a new key after the password was typed once more.
func (s *screen) rotate(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = v.Rooms.SignIn.Confirm(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return s.render(v, status, f)
	} else if err != nil {
		return err
	}
	_, err = s.keeper.RotateMasterKey(v.R.Context(), v.Who.Actor(), f.Get("after"))
	if errors.Is(err, homing.ErrInvalid) {
		f.Take(err, nil)
		return s.render(v, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return v.See("/system/keys?done=masterkey")
}
