package tracking

import (
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
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
	Form   *page.Form // of the rotation
	// Shown is the key that was revealed or made just now.
	Shown *shownKey
	// AskedFor is the key whose password form has an error.
	AskedFor homing.KeyID
	Ask      *page.Form
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

func showTracking(v *page.Visit) error {
	return renderTracking(v, http.StatusOK, trackingPage{})
}

func renderTracking(v *page.Visit, status int, p trackingPage) error {
	uses, err := v.Rooms.Catalog.KeyUses(v.R.Context())
	if err != nil {
		return fmt.Errorf("couldn't read how the keys were used: %w", err)
	}
	view := v.Rooms.Catalog.View() // with what was changed just now
	for _, k := range view.KeysOf(v.Account.ID) {
		p.Keys = append([]keyRow{{k, k.State(v.Now), uses[k.ID]}}, p.Keys...)
		p.Newest = max(p.Newest, k.ID)
	}
	p.Account, p.Tab, p.Operator = v.Account, "tracking", v.Who.Operator()
	p.Forms = postbackForms(v, p.Shown)
	if p.Form == nil {
		p.Form = page.NewForm("overlap", "30d")
	}
	if p.Ask == nil {
		p.Ask = page.NewForm()
	}
	return v.Show(status, "tracking", "Tracking & API", p)
}

// postbackForms makes the three URLs. The places in braces are for the
// advertiser's own macros. The account is named, so that calls with a broken
// click id are found in its log; it authorizes nothing.
func postbackForms(v *page.Visit, shown *shownKey) []postbackForm {
	at := v.Rooms.Addresses()
	plain, secure := at.Public, at.TrackTLS
	if plain == "" {
		plain = at.Track
	}
	if strings.HasPrefix(at.Public, "https://") {
		secure = at.Public
	}
	who := "account=" + v.Account.PublicID
	key := "{secret_key}"
	if shown != nil {
		key = shown.Text
	}
	forms := []postbackForm{
		{ID: "simple", Title: "Simple", Use: "One conversion per click. The campaign's default value counts, if it has one.",
			URL: plain + page.PostbackPath + "{click_id}?" + who},
		{ID: "value", Title: "With value", Use: "As simple, with the payout of each conversion.",
			URL: plain + page.PostbackPath + "{click_id}?value={price}&" + who},
		{ID: "leads", Title: "Multiple leads", Use: "Several conversions per click, each with a code of its own. Needs https and a secret key.",
			URL: secure + page.PostbackPath + "{click_id}?value={price}&lead_code={unique_lead_code}&key=" + key + "&" + who},
	}
	leads := &forms[2]
	switch {
	case !v.Account.MultiLead && v.Who.Operator():
		leads.Missing = "Multiple leads are switched off for this advertiser. Switch them on in Settings."
	case !v.Account.MultiLead:
		leads.Missing = "Multiple leads are switched off for you. Ask the operator to switch them on."
	case secure == "":
		leads.Missing = "There is no https address. The operator sets one up with --track-tls-listen or --public-url."
	}
	if leads.Missing != "" {
		leads.URL = ""
	}
	return forms
}
