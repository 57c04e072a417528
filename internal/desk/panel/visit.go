package panel

import (
	"fmt"
	"mime"
	"net/http"

	"homing"
	"homing/internal/desk/sender"
	"homing/internal/desk/signin"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

// visit is one request with what the router found out about it.
type visit struct {
	panel  *panel
	w      http.ResponseWriter
	r      *http.Request
	params map[string]string
	// who asks; nil for a stranger, which only routes for anyone see.
	who  *signin.Person
	view *catalog.View
	now  homing.Millis

	// What the path names (or, of the account, ?account=), already checked
	// against who asks; nil if it names none.
	account  *homing.Account
	campaign *catalog.Campaign
	entry    *journal.Entry
}

// from is where the request comes from.
func (v *visit) from() signin.Agent {
	return signin.Agent{Addr: sender.Of(v.r, v.panel.TrustedProxies), UserAgent: v.r.UserAgent()}
}

// form reads the form that was sent.
func (v *visit) form() (*form, error) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w request: this is not a form of ours", homing.ErrInvalid)
	}
	if err := v.r.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w request: the form can't be read, or is too large", homing.ErrInvalid)
	}
	return &form{values: v.r.PostForm, Errors: map[string]string{}}, nil
}

// see sends the browser to a page after a form was carried out, so that
// loading it again repeats nothing.
func (v *visit) see(target string) error {
	http.Redirect(v.w, v.r, target, http.StatusSeeOther)
	return nil
}

// showHome leads everybody to the page they come for.
func showHome(v *visit) error {
	if v.who.Operator() {
		return v.see("/advertisers")
	}
	return v.see(trackingPath(v.who.Account))
}

func advertiserPath(id homing.AccountID) string { return "/advertisers/" + id.String() }
func trackingPath(id homing.AccountID) string   { return advertiserPath(id) + "/tracking" }
func campaignPath(id homing.CampaignID) string  { return "/campaigns/" + id.String() }
