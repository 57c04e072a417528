package panel

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
)

// attempt is a route tried by five people. Statuses are what each is answered.
type attempt struct {
	path     string // with the first account's things filled in
	form     []string
	stranger int
	// The advertiser of another account, and of the account's own one who may
	// only read and an owner; and an operator.
	other, reader, own, operator int
}

const (
	ok        = http.StatusOK
	moved     = http.StatusSeeOther
	missing   = http.StatusNotFound
	forbidden = http.StatusForbidden
	unfit     = http.StatusUnprocessableEntity
)

// world is what paths of attempts name: things of the account "Mine".
type world struct {
	*stage
	account  homing.Account
	campaign homing.Campaign
	key      string
	request  homing.RequestID
	// conversion is the one that the request made.
	conversion homing.ConversionID
}

// attempts have a case for every route, screen by screen. The forms are such
// that they change nothing, or nothing that the next attempt needs.
var attempts []func(w *world) map[string]attempt

func TestEveryRouteIsTriedByEverybody(t *testing.T) {
	w := &world{stage: newHouse(t)}
	w.Operator()
	w.account = w.Account("Mine")
	theirs := w.Account("Theirs")
	w.campaign = w.Campaign(w.account.ID, "Secret campaign")
	w.request = w.Call(w.campaign, nil)
	w.conversion = 1
	w.key = w.Catalog.View().KeysOf(w.account.ID)[0].ID.String()
	w.Advertiser(w.account.ID, "own@example.com")
	w.Advertiser(theirs.ID, "other@example.com")
	w.Reader(w.account.ID, "reader@example.com")
	cases := map[string]attempt{}
	for _, of := range attempts {
		maps.Copy(cases, of(w))
	}
	routes, _ := page.Table(w.screens()...)
	for _, r := range routes {
		name := r.Method + " " + r.Pattern
		a, there := cases[name]
		if !there {
			t.Errorf("%s has no authorization case: say in attempts what a stranger, another account, the own one's readers and owners and an operator get", name)
			continue
		}
		for who, want := range map[string]int{
			"": a.stranger, "other@example.com": a.other, "reader@example.com": a.reader, "own@example.com": a.own, "ann@example.com": a.operator,
		} {
			answer := w.try(who, r.Method, a)
			if answer.StatusCode != want {
				t.Errorf("%s as %q: status %d, want %d", name, who, answer.StatusCode, want)
			}
			if who == "other@example.com" || who == "" {
				answer.Lacks("Secret campaign", w.account.PublicID)
			}
			if to := answer.Header.Get("Location"); who == "" && r.Who != page.Anyone && !strings.HasPrefix(to, "/signin") {
				t.Errorf("%s as a stranger leads to %q, not to /signin", name, to)
			}
		}
	}
	if len(cases) != len(routes) {
		t.Errorf("there are %d authorization cases for %d routes", len(cases), len(routes))
	}
}

// A form is for managers or owners, unless its route says in so many words that
// readers may send it.
func TestReadersSendNoForms(t *testing.T) {
	routes, _ := page.Table(newHouse(t).screens()...)
	harmless := map[string]bool{
		"POST /trace": true, "POST /differ": true, // questions
		"POST /advertisers/{account}/tracking/repair": true,                              // only looks
		"POST /advertisers/{account}/console":         true,                              // a dry run
		"POST /viewing/stop":                          true,                              // an operator stops looking as an advertiser
		"POST /settings/password":                     true, "POST /settings/zone": true, // the own user's
		"POST /settings/sessions/end": true, "POST /settings/sessions/{session}/end": true,
		"POST /settings/second-factor": true, "POST /settings/second-factor/codes": true,
		"POST /settings/second-factor/download": true, "POST /settings/second-factor/remove": true,
	}
	for _, r := range routes {
		name := r.Method + " " + r.Pattern
		if r.Method == http.MethodPost && r.Who != page.Anyone && r.Level < homing.Manager && !harmless[name] {
			t.Errorf("%s is open to those who may only read: if it changes nothing but what is theirs, list it here", name)
		}
	}
}

// What a path names is looked up and checked by the router, or it is one of the
// few that have no owner of their own.
func TestEveryNameInAPatternIsCheckedOrHarmless(t *testing.T) {
	harmless := map[string]string{
		"file": "an asset", "token": "a secret itself", "key": "checked by the catalog against {account}",
	}
	routes, named := page.Table(newHouse(t).screens()...)
	for _, r := range routes {
		for segment := range strings.SplitSeq(r.Pattern, "/") {
			name, isName := strings.CutPrefix(strings.TrimSuffix(segment, "}"), "{")
			if isName && named[name] == nil && harmless[name] == "" {
				t.Errorf("%s %s: nobody checks whose %s it is", r.Method, r.Pattern, name)
			}
			if name == "key" && !strings.Contains(r.Pattern, "{account}") {
				t.Errorf("%s %s: a key without an account", r.Method, r.Pattern)
			}
			if named[name] != nil && r.Who == page.Anyone {
				t.Errorf("%s %s: strangers name a %s", r.Method, r.Pattern, name)
			}
		}
	}
}

// try signs somebody in, without the limits on tries, and sends an attempt;
// as a stranger if who is empty.
func (w *world) try(who, method string, a attempt) paneltest.Answer {
	w.T.Helper()
	b := w.SignedInAs(who)
	if method == http.MethodPost {
		return b.Post(a.path, a.form...)
	}
	return b.Get(a.path)
}

func TestAnAdvertisersListsHoldOnlyTheOwn(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	h.Call(h.Campaign(mine.ID, "Visible campaign"), nil)
	h.Call(h.Campaign(theirs.ID, "Hidden campaign"), func(p *homing.Postback) { p.Lead = "hidden-lead" })
	b := h.Advertiser(mine.ID, "own@example.com")
	b.Get("/campaigns").Want(ok).Has("Visible campaign").Lacks("Hidden campaign", "New campaign")
	b.Get("/postbacks").Want(ok).Has("Visible campaign").Lacks("Hidden campaign", "hidden-lead", "Theirs")
	b.Get("/campaigns/1").Want(ok).Lacks("<textarea", "Pause")
}

func TestAKeyOfAnotherAccountIsNotShown(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.Account("Mine"), h.Account("Theirs")
	b := h.Advertiser(mine.ID, "own@example.com")
	other := h.Catalog.View().KeysOf(theirs.ID)[0].ID.String()
	for _, do := range []string{"reveal", "revoke"} {
		b.Post(page.AdvertiserPath(mine.ID)+"/keys/"+other+"/"+do, "password", paneltest.Password).Want(missing)
	}
}

func TestAnUnattributedCallIsTheOperatorsOnly(t *testing.T) {
	h := newHouse(t)
	c := h.Campaign(h.Account("Mine").ID, "Campaign")
	request := h.Call(c, func(p *homing.Postback) {
		p.Account, p.Campaign = 0, 0
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonCodeFormat}
	})
	h.Advertiser(c.Account, "own@example.com").Get("/postbacks/" + request.String()).Want(missing)
	h.Operator().Get("/postbacks/" + request.String()).Want(ok).Has("not 40 of 0-9 and a-f")
}
