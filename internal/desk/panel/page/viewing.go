package page

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
)

// An operator can look at the panel as an advertiser does. A cookie names the
// advertiser; where it comes with an operator's session, the visit is somebody's
// of that advertiser who may only read, before anything else is asked. So every
// page and every rule of who may see what is the same as for the advertiser, and
// no page has to know of it.
//
// Nothing can be changed meanwhile: no form is taken but the one that stops it.
// The cookie takes rights away and gives none, so forging it gains nothing; it is
// tied to the session all the same, so that it does not outlive it.

const (
	viewingCookie   = "homing-view"
	stopViewingPath = "/viewing/stop"
)

// viewingTag ties an advertiser to a session.
func viewingTag(session ledger.TokenHash, account string) string {
	sum := sha256.Sum256(append([]byte("view as "+account+" "), session[:]...))
	return hex.EncodeToString(sum[:12])
}

// lookAs makes the visit the advertiser's if an operator looks as one.
func (v *Visit) lookAs() {
	if v.Who == nil || !v.Who.Operator() {
		return
	}
	cookie, err := v.R.Cookie(viewingCookie)
	if err != nil {
		return
	}
	text, tag, _ := strings.Cut(cookie.Value, ".")
	if subtle.ConstantTimeCompare([]byte(tag), []byte(viewingTag(v.Who.Session.Token, text))) != 1 {
		return
	}
	id, err := Number(text)
	account := v.View.Account(homing.AccountID(id))
	if err != nil || account == nil || account.Erased {
		return
	}
	v.Viewing = account
	// Of the operator only the address and how things are shown stay: no number,
	// so that no page finds sessions, a second factor or tokens of the operator's.
	v.Who = &signin.Person{User: homing.User{
		Email: v.Who.Email, Role: homing.RoleAdvertiser, Account: account.ID, Level: homing.ReadOnly, HideMoney: v.Who.HideMoney, Zone: v.Who.Zone,
	}}
}

// onlyLooks refuses what would change something while an operator looks as an
// advertiser.
func (v *Visit) onlyLooks(r *Route) error {
	if v.Viewing == nil || r.Method == http.MethodGet || r.Pattern == stopViewingPath {
		return nil
	}
	return fmt.Errorf("%w: whoever looks as an advertiser changes nothing", homing.ErrUnauthorized)
}

// BeginViewing lets the operator look as the advertiser that the path names, from
// the next page on. It is written down.
func (v *Visit) BeginViewing() error {
	note := ledger.Note{Action: "account.view", Object: "account " + v.Account.ID.String(), Account: v.Account.ID}
	if err := v.Catalog.Note(v.R.Context(), v.Who.Actor(), note); err != nil {
		return err
	}
	id := v.Account.ID.String()
	http.SetCookie(v.W, v.viewing(id+"."+viewingTag(v.Who.Session.Token, id), 0))
	return v.See("/")
}

func stopViewing(v *Visit) error {
	http.SetCookie(v.W, v.viewing("", -1))
	if v.Viewing != nil {
		return v.See(AdvertiserPath(v.Viewing.ID))
	}
	return v.See("/")
}

func (v *Visit) viewing(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: viewingCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(v.Addresses().Desk, "https://"),
	}
}
