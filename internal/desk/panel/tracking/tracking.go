package tracking

import (
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/rule/tracker"
)

// trackingPage is Tracking & API of one advertiser.
type trackingPage struct {
	*homing.Account
	Tab      string
	Operator bool
	Manager  bool // may send forms
	Connect  connection
	General  []generalForm // without a tracker
	Code     codeBox
	Repair   repairBox
	Keys     []keyRow
	// Today tells whether the uses of keys are of the whole day.
	Whole bool
	// Newest is the newest key's number when the page was made. Making one names
	// it, so that sending the form twice makes one.
	Newest  homing.KeyID
	Form    *page.Form // of the new key
	NewPath string
	// Shown is the key that was revealed or made just now.
	Shown *shownKey
	// AskedFor is the key whose password form has an error.
	AskedFor homing.KeyID
	Ask      *page.Form
	Senders  sendersBox
	Health   health
}

func showTracking(v *page.Visit) error {
	return renderTracking(v, http.StatusOK, trackingPage{})
}

// renderTracking completes a page, whatever a form has already put into it.
func renderTracking(v *page.Visit, status int, p trackingPage) error {
	v.View = v.Rooms.Catalog.View() // with what was changed just now
	v.Account = v.View.Account(v.Account.ID)
	c := choiceOf(v)
	p.Account, p.Tab, p.Operator = v.Account, "tracking", v.Who.Operator()
	p.Manager = v.Who.Level.AtLeast(homing.Manager)
	o := optionsOf(v, p.Shown)
	day := dayOf(v)
	if err := p.fillKeys(v, c, day); err != nil {
		return fmt.Errorf("couldn't read how the keys were used: %w", err)
	}
	p.Connect = connectionOf(v, c, o)
	if c.template == nil {
		p.General = generalForms(v, o)
	}
	p.Code = codeOf(c, o)
	p.Repair.complete(c)
	p.Senders.complete(v, c, day)
	p.Health = healthOf(v, day)
	return v.Show(status, "tracking", "Tracking & API", p)
}

// optionsOf is what postback URLs are made of here. A key stands in them only
// after it was revealed.
func optionsOf(v *page.Visit, shown *shownKey) tracker.Options {
	at := v.Rooms.Addresses()
	o := tracker.Options{Base: at.Plain(), SecureBase: at.TrackTLS, Account: v.Account.PublicID, MultiLead: v.Account.MultiLead}
	if strings.HasPrefix(at.Public, "https://") {
		o.SecureBase = at.Public
	}
	if shown != nil {
		o.Key = shown.Text
	}
	return o
}

// missingText says why there is no URL of a form, and who can change it.
func missingText(v *page.Visit, t *tracker.Template, m tracker.Missing) string {
	operator := v.Who.Operator()
	switch m {
	case tracker.LeadsOff:
		if operator {
			return "Multiple leads are switched off for this advertiser. Switch them on in Settings."
		}
		return "Multiple leads are switched off for you. Ask the operator to switch them on."
	case tracker.NoHTTPS:
		if operator {
			return "There is no https address. Set one up with --track-tls-listen or --public-url."
		}
		return "There is no https address yet. The operator sets one up."
	case tracker.NoClick:
		return "The macro with which " + t.Name + " returns the click id is not known here. Look it up there, and type it in as a tracker that is not listed."
	case tracker.NoValue:
		return "The macro of " + t.Name + " for the payout is not known here. Use the simple form, or type the macro in as a tracker that is not listed."
	case tracker.NoLead:
		return "No macro of " + t.Name + " for a number of each conversion is known here. Without one only one conversion per click can count."
	}
	return ""
}

// generalForm is one of the forms of the postback where no tracker is chosen.
type generalForm struct {
	ID, Title, Use string
	Pieces         []page.Piece
	Missing        string
}

var formUses = map[tracker.Form]string{
	tracker.Simple:    "One conversion per click. The campaign's default value counts, if it has one.",
	tracker.WithValue: "As simple, with the payout of each conversion.",
	tracker.MultiLead: "Several conversions per click, each with a code of its own. Needs https and a secret key.",
}

// generalForms makes the URLs with places in braces, for the advertiser's own
// macros.
func generalForms(v *page.Visit, o tracker.Options) (list []generalForm) {
	t := tracker.General()
	for _, form := range tracker.Forms() {
		p := t.Postback(form, o)
		list = append(list, generalForm{
			ID: form.String(), Title: formTitles[form], Use: formUses[form],
			Pieces: shownPieces(&p), Missing: missingText(v, t, p.Missing),
		})
	}
	return list
}

// shownPieces are a postback's pieces as the part "url" shows them.
func shownPieces(p *tracker.Postback) (list []page.Piece) {
	for _, piece := range p.Pieces {
		kind := "literal"
		if piece.Macro {
			kind = "known"
		}
		list = append(list, page.Piece{Text: piece.Text, Kind: kind})
	}
	return list
}
