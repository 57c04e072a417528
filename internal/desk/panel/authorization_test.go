package panel

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/signin"
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

// newWorld has everybody that routes are tried by.
func newWorld(t *testing.T) *world {
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
	w.person("manager@example.com", homing.User{Role: homing.RoleAdvertiser, Account: w.account.ID, Level: homing.Manager})
	w.person("watcher@example.com", homing.User{Role: homing.RoleOperator, Level: homing.ReadOnly})
	w.person("keeper@example.com", homing.User{Role: homing.RoleOperator, Level: homing.Manager})
	return w
}

// person lets somebody in.
func (w *world) person(email string, u homing.User) {
	link, _, err := w.SignIn.Invite(w.Context(), "test", signin.Invitation{Email: email, Role: u.Role, Account: u.Account, Level: u.Level})
	w.Must(err)
	w.Stranger().Post(w.Path(link), "password", paneltest.Password).Want(moved)
}

// ownersOnly are routes that managers are refused as well. The others that are
// not every reader's are managers'.
var ownersOnly = map[string]bool{
	"GET /settings/people": true, "POST /settings/people": true, "GET /settings/people/{user}": true, "POST /settings/people/{user}": true,
	"POST /settings/people/{user}/link": true, "POST /settings/people/{user}/second-factor": true,
	"GET /settings/tokens": true, "POST /settings/tokens": true, "POST /settings/tokens/{apitoken}/revoke": true,
	"GET /settings/installation": true, "POST /settings/installation": true, "GET /setup": true, "POST /setup": true,
	"POST /settings/notices/mail": true, "POST /settings/notices/mail/test": true,
	"POST /advertisers/{account}/people": true, "GET /advertisers/{account}/erase": true, "POST /advertisers/{account}/erase": true,
	"GET /system/keys": true, "POST /system/keys": true,
}

// managersPages are pages that operators who may only read are refused: forms
// without a use for them, or secrets.
var managersPages = map[string]bool{
	"GET /campaigns/new": true, "GET /conversions/change": true, "GET /conversions/change/{job}": true, "GET /conversions/change/{job}/result": true,
	"GET /settings/notices": true,
}

// readersForms are the forms of those who may only read. Each changes nothing, or
// nothing but what is the sender's own.
var readersForms = map[string]bool{
	"POST /trace": true, "POST /differ": true, // questions, which may hold what has no place in a URL
	"POST /advertisers/{account}/tracking/repair": true, // only looks
	"POST /advertisers/{account}/console":         true, // a dry run
	"POST /viewing/stop":                          true, // an operator stops looking as an advertiser
	// The own user.
	"POST /settings/password": true, "POST /settings/zone": true,
	"POST /settings/sessions/end": true, "POST /settings/sessions/{session}/end": true,
	"POST /settings/second-factor": true, "POST /settings/second-factor/codes": true,
	"POST /settings/second-factor/download": true, "POST /settings/second-factor/remove": true,
	// Strangers', too.
	"POST /signin": true, "POST /signin/code": true, "POST /signout": true, "POST /theme": true, "POST /welcome/{token}": true,
}

// wanted is what everybody is answered, by address. Managers of either kind, the
// operator who may only read, and an operator who looks as the account are worked
// out from what the five people get and from the lists above.
func (a attempt) wanted(name string) map[string]int {
	form := strings.HasPrefix(name, http.MethodPost)
	w := map[string]int{
		"": a.stranger, "other@example.com": a.other, "reader@example.com": a.reader, "own@example.com": a.own, "ann@example.com": a.operator,
		"manager@example.com": a.own, "keeper@example.com": a.operator, "watcher@example.com": a.operator, lookingAs: a.reader,
	}
	if ownersOnly[name] {
		w["manager@example.com"], w["keeper@example.com"] = forbidden, forbidden
	}
	if strings.HasPrefix(name, "GET /audit") {
		w["manager@example.com"] = forbidden // operators all read it
	}
	if ownersOnly[name] || managersPages[name] || form && !readersForms[name] {
		w["watcher@example.com"] = forbidden
	}
	if form && name != "POST /viewing/stop" {
		w[lookingAs] = forbidden
	}
	return w
}

// lookingAs is an operator who looks as the account "Mine".
const lookingAs = "ann@example.com as Mine"

func TestEveryRouteIsTriedByEverybody(t *testing.T) {
	w := newWorld(t)
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
		for who, want := range a.wanted(name) {
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
	for _, r := range routes {
		name := r.Method + " " + r.Pattern
		if r.Method == http.MethodPost && r.Who != page.Anyone && r.Level < homing.Manager && !readersForms[name] {
			t.Errorf("%s is open to those who may only read: if it changes nothing but what is theirs, list it in readersForms", name)
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
	email, _, looks := strings.Cut(who, " as ")
	b := w.SignedInAs(email)
	if looks {
		b.Post("/advertisers/" + w.account.ID.String() + "/view").Want(moved)
	}
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

// Nobody is shown a way to a page that is then refused, or is not there: whoever
// follows all links comes everywhere, but in what is typed or chosen.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	w := newWorld(t)
	w.Call(w.campaign, func(p *homing.Postback) {
		p.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonKeyMissing}
	})
	w.Click(w.campaign, nil)
	w.Load()
	w.health = illSystem(w.stage)
	for _, who := range []string{"other@example.com", "reader@example.com", "manager@example.com", "own@example.com", "watcher@example.com", "keeper@example.com", "ann@example.com", lookingAs} {
		if walked := w.walk(who); walked < 25 {
			t.Errorf("%s was led only to %d pages", who, walked)
		}
	}
}

var link = regexp.MustCompile(`<a\s[^>]*href="(/[^"]*)"`)

// walk follows the links from the first page, up to a few of each kind.
func (w *world) walk(who string) (walked int) {
	email, _, looks := strings.Cut(who, " as ")
	b := w.SignedInAs(email)
	if looks {
		b.Post("/advertisers/" + w.account.ID.String() + "/view").Want(moved)
	}
	from := map[string]string{"/overview": "the start"}
	kinds := map[string]int{}
	for paths := []string{"/overview"}; len(paths) > 0; paths = paths[1:] {
		path, _, _ := strings.Cut(paths[0], "#")
		bare, query, _ := strings.Cut(path, "?")
		asked, _ := url.ParseQuery(query)
		kind := bare + fmt.Sprint(slices.Sorted(maps.Keys(asked)))
		if kinds[kind]++; kinds[kind] > 2 || strings.HasSuffix(bare, "/live") || strings.HasPrefix(bare, "/assets/") {
			continue
		}
		answer := b.Get(path)
		walked++
		if answer.StatusCode != ok && answer.StatusCode != moved {
			w.T.Errorf("%s is led from %s to %s, which answers %d", who, from[paths[0]], path, answer.StatusCode)
		}
		for _, found := range link.FindAllStringSubmatch(answer.Text, -1) {
			if next := html.UnescapeString(found[1]); from[next] == "" {
				from[next] = path
				paths = append(paths, next)
			}
		}
	}
	return walked
}
