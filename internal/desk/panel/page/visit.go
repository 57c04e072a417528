package page

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	"homing"
	"homing/internal/desk/sender"
	"homing/internal/desk/signin"
	"homing/internal/flow/catalog"
)

// Visit is one request with what the router found out about it.
type Visit struct {
	*Rooms
	house  *house
	W      http.ResponseWriter
	R      *http.Request
	Params map[string]string // the names in the pattern
	// Who asks; nil for a stranger, which only routes for anyone see.
	Who  *signin.Person
	View *catalog.View
	Now  homing.Millis
	// Viewing is the advertiser as whom an operator looks at the panel; Who is
	// then somebody of that advertiser who may only read. See viewing.go.
	Viewing *homing.Account

	// What the path names (or, of the account, ?account=), already checked
	// against who asks; nil if it names none.
	Account  *homing.Account
	Campaign *catalog.Campaign
	// Found is what a screen's Find left here, by the name in the pattern.
	Found map[string]any
}

// From is where the request comes from.
func (v *Visit) From() signin.Agent {
	return signin.Agent{Addr: sender.Of(v.R, v.Rooms.TrustedProxies), UserAgent: v.R.UserAgent()}
}

// Form reads the form that was sent.
func (v *Visit) Form() (*Form, error) {
	kind, _, err := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w request: this is not a form of ours", homing.ErrInvalid)
	}
	if err := v.R.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w request: the form can't be read, or is too large", homing.ErrInvalid)
	}
	return &Form{values: v.R.PostForm, Errors: map[string]string{}}, nil
}

// See sends the browser to a page after a form was carried out, so that
// loading it again repeats nothing.
func (v *Visit) See(target string) error {
	http.Redirect(v.W, v.R, target, http.StatusSeeOther)
	return nil
}

// AdvertiserPath, TrackingPath and CampaignPath are where the pages stand that
// many others lead to.
func AdvertiserPath(id homing.AccountID) string { return "/advertisers/" + id.String() }
func TrackingPath(id homing.AccountID) string   { return AdvertiserPath(id) + "/tracking" }
func CampaignPath(id homing.CampaignID) string  { return "/campaigns/" + id.String() }

// HasPage tells whether some screen has a page at the path.
func (v *Visit) HasPage(path string) bool { return v.house.hasPage(path) }

// Advertisers lists those that there are.
func (v *Visit) Advertisers() (list []*homing.Account) {
	for _, a := range v.View.Accounts {
		if !a.Erased {
			list = append(list, a)
		}
	}
	return list
}

// ClickURL is what the ad server is given.
func (v *Visit) ClickURL(c *homing.Campaign) string { return v.Addresses().Plain() + "/c/" + c.Slug }

// untilNextTry is when one more password may be tried at the latest, in seconds:
// see signin's allowances.
const untilNextTry = "60"

// Refusal notes at the form why a password was not taken. Anything else is not
// the form's fault.
func (v *Visit) Refusal(err error, f *Form) (status int, told bool) {
	switch {
	case errors.Is(err, signin.ErrMismatch):
		f.Problem = "The e-mail address and the password don't belong together."
		return http.StatusForbidden, true
	case errors.Is(err, signin.ErrSecondStep):
		f.Problem = "That did not open the door. Try the next code; if it goes on, begin again, in case the password was mistyped."
		return http.StatusForbidden, true
	case errors.Is(err, signin.ErrWrongPassword):
		f.Errors["password"] = "That is not your password."
		return http.StatusForbidden, true
	case errors.Is(err, homing.ErrOverloaded):
		f.Problem = Sentence(err)
		v.W.Header().Set("Retry-After", untilNextTry)
		return http.StatusTooManyRequests, true
	}
	return 0, false
}

// PostbackPath is where postbacks go, see package target.
const PostbackPath = "/api/v1/cpa/action/"
