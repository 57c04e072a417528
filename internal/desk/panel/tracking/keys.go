package tracking

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
)

// keyRow is a key in the list.
type keyRow struct {
	*homing.Key
	State homing.KeyState
	Use   ledger.KeyUse
	Today *keyToday // nil if it was not used today
	// Exposed are ways in which others can have read it.
	Exposed                []string
	RevealPath, RevokePath string
}

// keyToday is how a key was used today, in words.
type keyToday struct {
	Count   uint64
	Last    homing.Millis
	Product string
}

type shownKey struct {
	ID   homing.KeyID
	Text string
	New  bool
}

// fillKeys lists the keys, newest first.
func (p *trackingPage) fillKeys(v *page.Visit, c *choice, d *day) error {
	uses, err := v.Rooms.Catalog.KeyUses(v.R.Context())
	if err != nil {
		return err
	}
	base := page.AdvertiserPath(v.Account.ID) + "/keys"
	for _, k := range v.View.KeysOf(v.Account.ID) {
		row := keyRow{
			Key: k, State: k.State(v.Now), Use: uses[k.ID],
			RevealPath: c.with(base + "/" + k.ID.String() + "/reveal#keys"), RevokePath: c.with(base + "/" + k.ID.String() + "/revoke"),
		}
		row.fillToday(v, d)
		p.Keys = append(p.Keys, row)
		p.Newest = max(p.Newest, k.ID)
	}
	slices.Reverse(p.Keys)
	p.Whole = d.since <= d.midnight
	p.NewPath = c.with(base + "#keys")
	if p.Form == nil {
		p.Form = page.NewForm("overlap", "30d")
	}
	if p.Ask == nil {
		p.Ask = page.NewForm()
	}
	return nil
}

// fillToday adds what the log of the day tells, and which exposures follow.
func (r *keyRow) fillToday(v *page.Visit, d *day) {
	used := d.keys[r.ID]
	if used != nil {
		r.Today = &keyToday{Count: used.count, Last: used.last}
		if e, ok := v.Rooms.Journal.Remembered(used.lastCall); ok {
			r.Today.Product = product(e.UserAgent)
		}
	}
	if r.State != homing.KeyActive {
		return
	}
	if n := r.Use.OverHTTP; n > 0 {
		r.Exposed = append(r.Exposed, fmt.Sprintf("Went over plain http %s: others can have read it. Write https:// in the postback, make a new key, and revoke this one.", times(n)))
	}
	if used != nil && used.browser > 0 {
		r.Exposed = append(r.Exposed, fmt.Sprintf("Came from a web page %s today, so it can be read there. Call from your server instead, make a new key, and revoke this one.", times(int64(used.browser))))
	}
}

func times(n int64) string {
	if n == 1 {
		return "1 time"
	}
	return page.Figure(n) + " times"
}

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
	secret, err := v.Rooms.Catalog.RevealKey(v.R.Context(), v.Who.Actor(), v.Account.ID, id)
	if err != nil {
		return err
	}
	return renderTracking(v, http.StatusOK, trackingPage{Shown: &shownKey{ID: id, Text: secret.Reveal()}})
}

// overlaps are the choices of how long the present keys go on; beside them they
// may go on as they are.
var overlaps = map[string]time.Duration{
	"0": 0, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour, "90d": 90 * 24 * time.Hour,
}

const overlapKeep = "keep"

// makeKey makes a new key and shows it, after the password was typed.
func makeKey(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	overlap, known := overlaps[f.Get("overlap")]
	if !known && f.Get("overlap") != overlapKeep {
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
	var made homing.Key
	var secret homing.Secret
	name := strings.TrimSpace(f.Get("name"))
	if f.Get("overlap") == overlapKeep {
		made, secret, err = v.Rooms.Catalog.AddKey(v.R.Context(), v.Who.Actor(), v.Account.ID, name)
	} else {
		made, secret, err = v.Rooms.Catalog.RotateKey(v.R.Context(), v.Who.Actor(), v.Account.ID, name, overlap)
	}
	if err != nil {
		if !f.Take(err, nil) {
			return err
		}
		return renderTracking(v, http.StatusConflict, trackingPage{Form: f})
	}
	return renderTracking(v, http.StatusOK, trackingPage{Shown: &shownKey{ID: made.ID, Text: secret.Reveal(), New: true}})
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
	return v.See(choiceOf(v).to("done", "revoked"))
}
