package panel

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"homing"
)

// key is the key that the path names. Whose it is, the catalog checks against
// the account, which the router has checked.
func (v *visit) key() (homing.KeyID, error) {
	id, err := number(v.params["key"])
	return homing.KeyID(id), err
}

// revealKey shows a key after the password was typed once more.
func revealKey(v *visit) error {
	id, err := v.key()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	err = v.panel.SignIn.Confirm(v.r.Context(), v.from(), v.who, f.Get("password"))
	if status, told := v.refusal(err, f); told {
		return v.showTracking(status, trackingPage{AskedFor: id, Ask: f})
	} else if err != nil {
		return err
	}
	secret, err := v.panel.Catalog.RevealKey(v.account.ID, id)
	if err != nil {
		return err
	}
	return v.showTracking(http.StatusOK, trackingPage{Shown: &shownKey{ID: id, Text: secret.Reveal()}})
}

// overlaps are the choices of how long the present keys go on.
var overlaps = map[string]time.Duration{
	"0": 0, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour,
}

// rotateKey makes a new key and shows it, after the password was typed.
func rotateKey(v *visit) error {
	f, err := v.form()
	if err != nil {
		return err
	}
	overlap, known := overlaps[f.Get("overlap")]
	if !known {
		f.fail("overlap", fmt.Errorf("%w overlap: choose one of the list", homing.ErrInvalid))
	}
	if len(f.Get("name")) > 100 {
		f.fail("name", fmt.Errorf("%w name: 100 bytes are allowed", homing.ErrInvalid))
	}
	if f.Bad() {
		return v.showTracking(http.StatusUnprocessableEntity, trackingPage{Form: f})
	}
	if f.Get("after") != v.newestKey().String() {
		return fmt.Errorf("%w: a key was made since the page was loaded", homing.ErrConflict)
	}
	err = v.panel.SignIn.Confirm(v.r.Context(), v.from(), v.who, f.Get("password"))
	if status, told := v.refusal(err, f); told {
		return v.showTracking(status, trackingPage{Form: f})
	} else if err != nil {
		return err
	}
	key, secret, err := v.panel.Catalog.RotateKey(v.r.Context(), v.who.Actor(), v.account.ID, strings.TrimSpace(f.Get("name")), overlap)
	if err != nil {
		if !f.take(err, nil) {
			return err
		}
		return v.showTracking(http.StatusConflict, trackingPage{Form: f})
	}
	return v.showTracking(http.StatusOK, trackingPage{Shown: &shownKey{ID: key.ID, Text: secret.Reveal(), New: true}})
}

func (v *visit) newestKey() (newest homing.KeyID) {
	for _, k := range v.view.KeysOf(v.account.ID) {
		newest = max(newest, k.ID)
	}
	return newest
}

func revokeKey(v *visit) error {
	id, err := v.key()
	if err != nil {
		return err
	}
	if err := v.panel.Catalog.RevokeKey(v.r.Context(), v.who.Actor(), v.account.ID, id); err != nil {
		return err
	}
	return v.see(trackingPath(v.account.ID) + "?done=revoked")
}
