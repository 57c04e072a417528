package tracking

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
)

// key is the key that the path names. Whose it is, the catalog checks against
// the account, which the router has checked.
func key(v *page.Visit) (homing.KeyID, error) {
	id, err := page.Number(v.Params["key"])
	return homing.KeyID(id), err
}

// revealKey shows a key after the password was typed once more.
func revealKey(v *page.Visit) error {
	id, err := key(v)
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = v.Rooms.SignIn.Confirm(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderTracking(v, status, trackingPage{AskedFor: id, Ask: f})
	} else if err != nil {
		return err
	}
	secret, err := v.Rooms.Catalog.RevealKey(v.Account.ID, id)
	if err != nil {
		return err
	}
	return renderTracking(v, http.StatusOK, trackingPage{Shown: &shownKey{ID: id, Text: secret.Reveal()}})
}

// overlaps are the choices of how long the present keys go on.
var overlaps = map[string]time.Duration{
	"0": 0, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour,
}

// rotateKey makes a new key and shows it, after the password was typed.
func rotateKey(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	overlap, known := overlaps[f.Get("overlap")]
	if !known {
		f.Fail("overlap", fmt.Errorf("%w overlap: choose one of the list", homing.ErrInvalid))
	}
	if len(f.Get("name")) > 100 {
		f.Fail("name", fmt.Errorf("%w name: 100 bytes are allowed", homing.ErrInvalid))
	}
	if f.Bad() {
		return renderTracking(v, http.StatusUnprocessableEntity, trackingPage{Form: f})
	}
	if f.Get("after") != newestKey(v).String() {
		return fmt.Errorf("%w: a key was made since the page was loaded", homing.ErrConflict)
	}
	err = v.Rooms.SignIn.Confirm(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderTracking(v, status, trackingPage{Form: f})
	} else if err != nil {
		return err
	}
	key, secret, err := v.Rooms.Catalog.RotateKey(v.R.Context(), v.Who.Actor(), v.Account.ID, strings.TrimSpace(f.Get("name")), overlap)
	if err != nil {
		if !f.Take(err, nil) {
			return err
		}
		return renderTracking(v, http.StatusConflict, trackingPage{Form: f})
	}
	return renderTracking(v, http.StatusOK, trackingPage{Shown: &shownKey{ID: key.ID, Text: secret.Reveal(), New: true}})
}

func newestKey(v *page.Visit) (newest homing.KeyID) {
	for _, k := range v.View.KeysOf(v.Account.ID) {
		newest = max(newest, k.ID)
	}
	return newest
}

func revokeKey(v *page.Visit) error {
	id, err := key(v)
	if err != nil {
		return err
	}
	if err := v.Rooms.Catalog.RevokeKey(v.R.Context(), v.Who.Actor(), v.Account.ID, id); err != nil {
		return err
	}
	return v.See(page.TrackingPath(v.Account.ID) + "?done=revoked")
}
