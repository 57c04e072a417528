package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rsc.io/qr"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/signin"
)

// factorPage sets the second factor up. The secret is in the page only; nothing
// is stored before a code of it was typed.
type factorPage struct {
	*signin.Person
	signin.Offer
	Picture string // its URL
	Form    *page.Form
}

func offerFactor(v *page.Visit) error {
	if v.Who.HasFactor() {
		return v.See("/settings#second-factor")
	}
	return renderFactor(v, http.StatusOK, v.Rooms.SignIn.OfferFactor(v.Who, network(v)), page.NewForm())
}

func renderFactor(v *page.Visit, status int, o signin.Offer, f *page.Form) error {
	picture := "/settings/second-factor/picture?of=" + url.QueryEscape(o.Sealed)
	return v.Show(status, "settings_factor", "Second factor", factorPage{v.Who, o, picture, f})
}

// network is the name that apps show.
func network(v *page.Visit) string { return cmp.Or(v.View.Installation.Name, "homing") }

// showPicture draws an offer as a QR code. Only whom it was made to can have it
// drawn.
func showPicture(v *page.Visit) error {
	offer, err := v.Rooms.SignIn.Offered(v.Who, v.R.URL.Query().Get("of"), network(v))
	if err != nil {
		return err
	}
	code, err := qr.Encode(offer.URI, qr.M)
	if err != nil {
		return fmt.Errorf("couldn't draw a QR code: %w", err)
	}
	code.Scale = 5
	picture := code.PNG()
	h := v.W.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Length", strconv.Itoa(len(picture)))
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(picture) // whoever has gone does not mind
	return nil
}

// setFactor takes the offer up, and shows the recovery codes.
func setFactor(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	offer, err := v.Rooms.SignIn.Offered(v.Who, f.Get("offer"), network(v))
	if errors.Is(err, homing.ErrNotFound) {
		// Somebody looked for the telephone for long: here is a new one.
		f.Problem = page.Sentence(errors.New("that took too long, so there is a new key; let the app read it"))
		return renderFactor(v, http.StatusUnprocessableEntity, v.Rooms.SignIn.OfferFactor(v.Who, network(v)), f)
	} else if err != nil {
		return err
	}
	codes, err := v.Rooms.SignIn.SetFactor(v.R.Context(), v.From(), v.Who, offer.Sealed, f.Get("code"), f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderFactor(v, status, offer, f)
	} else if errors.Is(err, homing.ErrInvalid) && f.Take(err, map[string]string{"code": "code"}) {
		return renderFactor(v, http.StatusUnprocessableEntity, offer, f)
	} else if err != nil {
		return err
	}
	return showCodes(v, codes, true)
}

// codesPage shows recovery codes, once.
type codesPage struct {
	Codes  []string
	Sealed string // for the download
	// New: the second factor was switched on just now.
	New bool
}

func showCodes(v *page.Visit, codes []string, fresh bool) error {
	return v.Show(http.StatusOK, "settings_codes", "Recovery codes", codesPage{codes, v.Rooms.SignIn.SealCodes(v.Who, codes), fresh})
}

func renewCodes(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	codes, err := v.Rooms.SignIn.RenewRecovery(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderYou(v, status, youPage{Renew: f})
	} else if err != nil {
		return err
	}
	return showCodes(v, codes, false)
}

func downloadCodes(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	codes, err := v.Rooms.SignIn.SealedCodes(v.Who, f.Get("codes"))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Recovery codes for %s at %s\r\nEach works once, in place of a code of the app.\r\n\r\n%s\r\n",
		page.Plain(v.Who.Email), page.Plain(v.Rooms.Addresses().Desk), strings.Join(codes, "\r\n"))
	h := v.W.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="homing-recovery-codes.txt"`)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write([]byte(text))
	return nil
}

func removeFactor(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	err = v.Rooms.SignIn.RemoveFactor(v.R.Context(), v.From(), v.Who, f.Get("password"))
	if status, told := v.Refusal(err, f); told {
		return renderYou(v, status, youPage{Remove: f})
	} else if err != nil {
		return err
	}
	return v.See("/settings?done=factor-off#second-factor")
}
