package panel

import (
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
)

// trackingPage is Tracking & API of one advertiser: the postback URLs and the
// keys.
type trackingPage struct {
	*homing.Account
	Tab      string
	Operator bool
	Forms    []postbackForm
	Keys     []keyRow
	// Newest is the newest key's number when the page was made. Rotating names
	// it, so that sending the form twice rotates once.
	Newest homing.KeyID
	Form   *form // of the rotation
	// Shown is the key that was revealed or made just now.
	Shown *shownKey
	// AskedFor is the key whose password form has an error.
	AskedFor homing.KeyID
	Ask      *form
}

// postbackForm is one of the three forms of the postback URL.
type postbackForm struct {
	ID, Title, Use, URL string
	// Missing says why there is no URL.
	Missing string
}

type keyRow struct {
	*homing.Key
	State homing.KeyState
	Use   ledger.KeyUse
}

type shownKey struct {
	ID   homing.KeyID
	Text string
	New  bool
}

func showTracking(v *visit) error {
	return v.showTracking(http.StatusOK, trackingPage{})
}

func (v *visit) showTracking(status int, page trackingPage) error {
	uses, err := v.panel.Catalog.KeyUses(v.r.Context())
	if err != nil {
		return fmt.Errorf("couldn't read how the keys were used: %w", err)
	}
	view := v.panel.Catalog.View() // with what was changed just now
	for _, k := range view.KeysOf(v.account.ID) {
		page.Keys = append([]keyRow{{k, k.State(v.now), uses[k.ID]}}, page.Keys...)
		page.Newest = max(page.Newest, k.ID)
	}
	page.Account, page.Tab, page.Operator = v.account, "tracking", v.who.Operator()
	page.Forms = v.postbackForms(page.Shown)
	if page.Form == nil {
		page.Form = newForm("overlap", "30d")
	}
	if page.Ask == nil {
		page.Ask = newForm()
	}
	return v.show(status, "tracking", "Tracking & API", page)
}

// postbackPath is where postbacks go, see package target.
const postbackPath = "/api/v1/cpa/action/"

// postbackForms makes the three URLs. The places in braces are for the
// advertiser's own macros. The account is named, so that calls with a broken
// click id are found in its log; it authorizes nothing.
func (v *visit) postbackForms(shown *shownKey) []postbackForm {
	at := v.panel.Addresses()
	plain, secure := at.Public, at.TrackTLS
	if plain == "" {
		plain = at.Track
	}
	if strings.HasPrefix(at.Public, "https://") {
		secure = at.Public
	}
	who := "account=" + v.account.PublicID
	key := "{secret_key}"
	if shown != nil {
		key = shown.Text
	}
	forms := []postbackForm{
		{ID: "simple", Title: "Simple", Use: "One conversion per click. The campaign's default value counts, if it has one.",
			URL: plain + postbackPath + "{click_id}?" + who},
		{ID: "value", Title: "With value", Use: "As simple, with the payout of each conversion.",
			URL: plain + postbackPath + "{click_id}?value={price}&" + who},
		{ID: "leads", Title: "Multiple leads", Use: "Several conversions per click, each with a code of its own. Needs https and a secret key.",
			URL: secure + postbackPath + "{click_id}?value={price}&lead_code={unique_lead_code}&key=" + key + "&" + who},
	}
	leads := &forms[2]
	switch {
	case !v.account.MultiLead && v.who.Operator():
		leads.Missing = "Multiple leads are switched off for this advertiser. Switch them on in Settings."
	case !v.account.MultiLead:
		leads.Missing = "Multiple leads are switched off for you. Ask the operator to switch them on."
	case secure == "":
		leads.Missing = "There is no https address. The operator sets one up with --track-tls-listen or --public-url."
	}
	if leads.Missing != "" {
		leads.URL = ""
	}
	return forms
}
