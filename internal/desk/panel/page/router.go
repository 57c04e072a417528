package page

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/signin"
)

// serve finds the route, checks who asks for what, and lets the handler answer.
func (p *house) serve(w http.ResponseWriter, r *http.Request) {
	route, params, err := p.find(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := &Visit{
		Rooms: &p.Rooms, house: p, W: w, R: r, Params: params, Who: signin.PersonOf(r),
		View: p.Catalog.View(), Now: homing.MillisOf(p.Clock()),
	}
	v.lookAs()
	if err := v.onlyLooks(route); err != nil {
		p.fail(w, r, err)
		return
	}
	if route.Who != Anyone && v.Who == nil {
		v.askToSignIn()
		return
	}
	defer v.bound(route)()
	if err := v.admit(route); err != nil {
		p.fail(w, r, err)
		return
	}
	if err := route.Do(v); err != nil {
		p.fail(w, r, fmt.Errorf("%s %s: %w", route.Method, route.Pattern, err))
	}
}

// find returns the route of a request. HEAD is GET without the body: no GET
// changes anything.
func (p *house) find(w http.ResponseWriter, r *http.Request) (*Route, map[string]string, error) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for i := range p.routes {
		route := &p.routes[i]
		params, ok := route.match(r.URL.EscapedPath())
		if ok && route.Method == method {
			return route, params, nil
		}
		if ok {
			allowed = append(allowed, route.Method)
		}
	}
	if allowed == nil {
		return nil, nil, fmt.Errorf("page: %w", homing.ErrNotFound)
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return nil, nil, errMethod
}

var errMethod = errors.New("method not allowed")

// admit checks that the person may use the route, and see what the path and
// ?account= name. What somebody may not see does not exist for them.
func (v *Visit) admit(r *Route) error {
	if r.Who == Operators && !v.Who.Operator() {
		return fmt.Errorf("%w: this page is the operators'", homing.ErrUnauthorized)
	}
	if r.Who != Anyone && !v.Who.Level.AtLeast(r.Level) {
		return fmt.Errorf("%w: this takes a user who is %s", homing.ErrUnauthorized, r.Level)
	}
	for name, value := range v.Params {
		find, ok := v.house.named[name]
		if !ok {
			continue
		}
		owner, err := find(v, value)
		if err != nil {
			return err
		}
		if v.Who == nil || !v.Who.MaySee(owner) {
			return fmt.Errorf("%s: %w", name, homing.ErrNotFound)
		}
	}
	if r.Who == Anyone || v.Account != nil {
		return nil
	}
	return v.admitChosen(r)
}

// admitChosen looks the account of ?account= up; an advertiser's is always the
// own one.
func (v *Visit) admitChosen(r *Route) error {
	chosen := v.R.URL.Query().Get("account")
	if chosen == "" && !v.Who.Operator() {
		chosen = v.Who.Account.String()
	}
	if chosen == "" {
		return nil
	}
	owner, err := findAccount(v, chosen)
	if err != nil {
		return err
	}
	if !v.Who.MaySee(owner) {
		v.Account = nil
		return fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	return nil
}

func findAccount(v *Visit, text string) (homing.AccountID, error) {
	id, err := Number(text)
	account := v.View.Account(homing.AccountID(id))
	if err != nil || account == nil || account.Erased {
		return 0, fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	v.Account = account
	return account.ID, nil
}

func findCampaign(v *Visit, text string) (homing.AccountID, error) {
	id, err := Number(text)
	campaign := v.View.Campaign(homing.CampaignID(id))
	if err != nil || campaign == nil || campaign.Owner.Erased {
		return 0, fmt.Errorf("campaign: %w", homing.ErrNotFound)
	}
	v.Campaign, v.Account = campaign, campaign.Owner
	return campaign.Account, nil
}

// Number reads the number of something in its one spelling.
func Number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, fmt.Errorf("number: %w", homing.ErrNotFound)
	}
	return uint32(n), nil
}

// askToSignIn sends a stranger to the sign-in page, and back afterwards. A form
// is lost on the way, so only pages are come back to.
func (v *Visit) askToSignIn() {
	to := "/signin"
	if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead {
		if here := v.R.URL.RequestURI(); here != "/" && LocalPath(here) {
			to += "?next=" + url.QueryEscape(here)
		}
	}
	http.Redirect(v.W, v.R, to, http.StatusSeeOther)
}
