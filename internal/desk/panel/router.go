package panel

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

// audience tells who may use a route.
type audience uint8

const (
	anyone audience = iota + 1
	// signedIn is whoever is signed in; what the path or ?account= names must be
	// theirs to see.
	signedIn
	// operators only.
	operators
)

// route is one line of the table. Patterns are exact; {name} stands for one
// segment. {account}, {campaign} and {postback} are looked up and checked
// before the handler runs, on every route they stand on.
type route struct {
	method, pattern string
	who             audience
	handle          func(*visit) error
}

// match returns the values of a pattern's names. Paths are compared as they
// were sent: an encoded or unclean path is no page of ours.
func (r *route) match(path string) (map[string]string, bool) {
	want, got := strings.Split(r.pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, segment := range want {
		name, isName := strings.CutPrefix(segment, "{")
		switch {
		case isName && got[i] != "":
			params[strings.TrimSuffix(name, "}")] = got[i]
		case isName || segment != got[i]:
			return nil, false
		}
	}
	return params, true
}

// serve finds the route, checks who asks for what, and lets the handler answer.
func (p *panel) serve(w http.ResponseWriter, r *http.Request) {
	route, params, err := p.find(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := &visit{
		panel: p, w: w, r: r, params: params, who: signin.PersonOf(r),
		view: p.Catalog.View(), now: homing.MillisOf(p.Clock()),
	}
	if route.who != anyone && v.who == nil {
		v.askToSignIn()
		return
	}
	if err := v.admit(route); err != nil {
		p.fail(w, r, err)
		return
	}
	if err := route.handle(v); err != nil {
		p.fail(w, r, fmt.Errorf("%s %s: %w", route.method, route.pattern, err))
	}
}

// find returns the route of a request. HEAD is GET without the body: no GET
// changes anything.
func (p *panel) find(w http.ResponseWriter, r *http.Request) (*route, map[string]string, error) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for i := range p.routes {
		route := &p.routes[i]
		params, ok := route.match(r.URL.EscapedPath())
		if ok && route.method == method {
			return route, params, nil
		}
		if ok {
			allowed = append(allowed, route.method)
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
func (v *visit) admit(r *route) error {
	if r.who == operators && !v.who.Operator() {
		return fmt.Errorf("%w: this page is the operators'", homing.ErrUnauthorized)
	}
	for name, value := range v.params {
		load, ok := named[name]
		if !ok {
			continue
		}
		owner, err := load(v, value)
		if err != nil {
			return err
		}
		if v.who == nil || !v.who.MaySee(owner) {
			return fmt.Errorf("%s: %w", name, homing.ErrNotFound)
		}
	}
	if r.who == anyone || v.account != nil {
		return nil
	}
	return v.admitChosen(r)
}

// admitChosen looks the account of ?account= up; an advertiser's is always the
// own one.
func (v *visit) admitChosen(r *route) error {
	chosen := v.r.URL.Query().Get("account")
	if chosen == "" && !v.who.Operator() {
		chosen = v.who.Account.String()
	}
	if chosen == "" {
		return nil
	}
	owner, err := loadAccount(v, chosen)
	if err != nil {
		return err
	}
	if !v.who.MaySee(owner) {
		v.account = nil
		return fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	return nil
}

// named are the names in patterns that stand for something with an owner. Each
// loads it into the visit and tells the owner.
var named = map[string]func(*visit, string) (homing.AccountID, error){
	"account":  loadAccount,
	"campaign": loadCampaign,
	"postback": loadPostback,
}

func loadAccount(v *visit, text string) (homing.AccountID, error) {
	id, err := number(text)
	account := v.view.Account(homing.AccountID(id))
	if err != nil || account == nil || account.Erased {
		return 0, fmt.Errorf("account: %w", homing.ErrNotFound)
	}
	v.account = account
	return account.ID, nil
}

func loadCampaign(v *visit, text string) (homing.AccountID, error) {
	id, err := number(text)
	campaign := v.view.Campaign(homing.CampaignID(id))
	if err != nil || campaign == nil || campaign.Owner.Erased {
		return 0, fmt.Errorf("campaign: %w", homing.ErrNotFound)
	}
	v.campaign, v.account = campaign, campaign.Owner
	return campaign.Account, nil
}

// number reads the number of something in its one spelling.
func number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, fmt.Errorf("number: %w", homing.ErrNotFound)
	}
	return uint32(n), nil
}

// askToSignIn sends a stranger to the sign-in page, and back afterwards. A form
// is lost on the way, so only pages are come back to.
func (v *visit) askToSignIn() {
	to := "/signin"
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		if here := v.r.URL.RequestURI(); here != "/" && localPath(here) {
			to += "?next=" + url.QueryEscape(here)
		}
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
}
