package panel

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"homing"
)

// attempt is a route tried by four people. Statuses are what each is answered.
type attempt struct {
	path string // with the first account's things filled in
	form []string
	// A stranger is sent to the sign-in page unless said otherwise.
	stranger int
	// The advertiser of another account, the account's own, and an operator.
	other, own, operator int
}

const (
	ok        = http.StatusOK
	moved     = http.StatusSeeOther
	missing   = http.StatusNotFound
	forbidden = http.StatusForbidden
	unfit     = http.StatusUnprocessableEntity
)

// attempts has a case for every route. The forms are such that they change
// nothing, or nothing that the next attempt needs.
func attempts(h *house, c homing.Campaign, request homing.RequestID) map[string]attempt {
	key := h.catalog.View().KeysOf(c.Account)[0].ID.String()
	account, campaign := advertiserPath(c.Account), campaignPath(c.ID)
	return map[string]attempt{
		"GET /assets/{file}":                            {"/assets/nothing.css", nil, missing, missing, missing, missing},
		"GET /welcome/{token}":                          {"/welcome/nothing", nil, missing, missing, missing, missing},
		"POST /welcome/{token}":                         {"/welcome/nothing", nil, missing, missing, missing, missing},
		"GET /signin":                                   {"/signin", nil, ok, moved, moved, moved},
		"POST /signin":                                  {"/signin", []string{"email", "nobody@example.com"}, forbidden, forbidden, forbidden, forbidden},
		"POST /signout":                                 {"/signout", nil, moved, moved, moved, moved},
		"POST /theme":                                   {"/theme", []string{"theme", "dark"}, moved, moved, moved, moved},
		"GET /":                                         {"/", nil, moved, moved, moved, moved},
		"GET /you":                                      {"/you", nil, moved, ok, ok, ok},
		"POST /you/password":                            {"/you/password", []string{"password", "wrong"}, moved, forbidden, forbidden, forbidden},
		"GET /advertisers":                              {"/advertisers", nil, moved, forbidden, forbidden, ok},
		"GET /advertisers/new":                          {"/advertisers/new", nil, moved, forbidden, forbidden, ok},
		"POST /advertisers/new":                         {"/advertisers/new", nil, moved, forbidden, forbidden, unfit},
		"GET /advertisers/{account}":                    {account, nil, moved, forbidden, forbidden, ok},
		"POST /advertisers/{account}":                   {account, nil, moved, forbidden, forbidden, unfit},
		"POST /advertisers/{account}/people":            {account + "/people", nil, moved, forbidden, forbidden, unfit},
		"GET /advertisers/{account}/tracking":           {account + "/tracking", nil, moved, missing, ok, ok},
		"POST /advertisers/{account}/keys":              {account + "/keys", nil, moved, missing, unfit, unfit},
		"POST /advertisers/{account}/keys/{key}/reveal": {account + "/keys/" + key + "/reveal", nil, moved, missing, forbidden, forbidden},
		"POST /advertisers/{account}/keys/{key}/revoke": {account + "/keys/" + key + "/revoke", nil, moved, missing, moved, moved},
		"GET /campaigns":                                {"/campaigns?account=" + c.Account.String(), nil, moved, missing, ok, ok},
		"GET /campaigns/new":                            {"/campaigns/new", nil, moved, forbidden, forbidden, ok},
		"POST /campaigns/new":                           {"/campaigns/new", nil, moved, forbidden, forbidden, unfit},
		"GET /campaigns/{campaign}":                     {campaign, nil, moved, missing, ok, ok},
		"POST /campaigns/{campaign}":                    {campaign, nil, moved, forbidden, forbidden, unfit},
		"POST /campaigns/{campaign}/status":             {campaign + "/status", nil, moved, forbidden, forbidden, unfit},
		"GET /postbacks":                                {"/postbacks?account=" + c.Account.String(), nil, moved, missing, ok, ok},
		"GET /postbacks/{postback}":                     {"/postbacks/" + request.String(), nil, moved, missing, ok, ok},
		"GET /system":                                   {"/system", nil, moved, forbidden, forbidden, ok},
	}
}

func TestEveryRouteIsTriedByEverybody(t *testing.T) {
	h := newHouse(t)
	h.operator()
	mine, theirs := h.account("Mine"), h.account("Theirs")
	campaign := h.campaign(mine.ID, "Secret campaign")
	request := h.call(campaign, nil)
	h.advertiser(mine.ID, "own@example.com")
	h.advertiser(theirs.ID, "other@example.com")
	cases := attempts(h, campaign, request)
	for _, r := range routes() {
		name := r.method + " " + r.pattern
		a, there := cases[name]
		if !there {
			t.Errorf("%s has no authorization case: say in attempts() what a stranger, another account, the own one and an operator get", name)
			continue
		}
		for who, want := range map[string]int{"": a.stranger, "other@example.com": a.other, "own@example.com": a.own, "ann@example.com": a.operator} {
			answer := h.signedInAs(who).try(r.method, a)
			if answer.StatusCode != want {
				t.Errorf("%s as %q: status %d, want %d", name, who, answer.StatusCode, want)
			}
			if who == "other@example.com" || who == "" {
				answer.lacks("Secret campaign", mine.PublicID)
			}
			if to := answer.Header.Get("Location"); who == "" && r.who != anyone && !strings.HasPrefix(to, "/signin") {
				t.Errorf("%s as a stranger leads to %q, not to /signin", name, to)
			}
		}
	}
	if len(cases) != len(routes()) {
		t.Errorf("there are %d authorization cases for %d routes", len(cases), len(routes()))
	}
}

// What a path names is looked up and checked by the router, or it is one of the
// few that have no owner of their own.
func TestEveryNameInAPatternIsCheckedOrHarmless(t *testing.T) {
	harmless := map[string]string{
		"file": "an asset", "token": "a secret itself", "key": "checked by the catalog against {account}",
	}
	for _, r := range routes() {
		for segment := range strings.SplitSeq(r.pattern, "/") {
			name, isName := strings.CutPrefix(strings.TrimSuffix(segment, "}"), "{")
			if isName && named[name] == nil && harmless[name] == "" {
				t.Errorf("%s %s: nobody checks whose %s it is", r.method, r.pattern, name)
			}
			if name == "key" && !strings.Contains(r.pattern, "{account}") {
				t.Errorf("%s %s: a key without an account", r.method, r.pattern)
			}
			if named[name] != nil && r.who == anyone {
				t.Errorf("%s %s: strangers name a %s", r.method, r.pattern, name)
			}
		}
	}
}

// signedInAs begins a session without the limits on tries; nobody if email is
// empty.
func (h *house) signedInAs(email string) *browser {
	h.t.Helper()
	b := h.stranger()
	if email != "" {
		b.post("/signin", "email", email, "password", password).want(moved)
	}
	h.pass(5 * time.Minute) // tries come back
	return b
}

func (b *browser) try(method string, a attempt) answerRead {
	b.house.t.Helper()
	if method == http.MethodPost {
		return b.post(a.path, a.form...)
	}
	return b.get(a.path)
}

func TestAnAdvertisersListsHoldOnlyTheOwn(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.account("Mine"), h.account("Theirs")
	h.call(h.campaign(mine.ID, "Visible campaign"), nil)
	h.call(h.campaign(theirs.ID, "Hidden campaign"), func(p *homing.Postback) { p.Lead = "hidden-lead" })
	b := h.advertiser(mine.ID, "own@example.com")
	b.get("/campaigns").want(ok).has("Visible campaign").lacks("Hidden campaign", "New campaign")
	b.get("/postbacks").want(ok).has("Visible campaign").lacks("Hidden campaign", "hidden-lead", "Theirs")
	b.get("/campaigns/1").want(ok).lacks("<textarea", "Pause")
}

func TestAKeyOfAnotherAccountIsNotShown(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.account("Mine"), h.account("Theirs")
	b := h.advertiser(mine.ID, "own@example.com")
	other := h.catalog.View().KeysOf(theirs.ID)[0].ID.String()
	for _, do := range []string{"reveal", "revoke"} {
		b.post(advertiserPath(mine.ID)+"/keys/"+other+"/"+do, "password", password).want(missing)
	}
}

func TestAnUnattributedCallIsTheOperatorsOnly(t *testing.T) {
	h := newHouse(t)
	c := h.campaign(h.account("Mine").ID, "Campaign")
	request := h.call(c, func(p *homing.Postback) {
		p.Account, p.Campaign = 0, 0
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeFormat}
	})
	h.advertiser(c.Account, "own@example.com").get("/postbacks/" + request.String()).want(missing)
	h.operator().get("/postbacks/" + request.String()).want(ok).has("not 40 of 0-9 and a-f")
}
