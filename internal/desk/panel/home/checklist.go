package home

import (
	"context"
	"sync"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/report"
)

// state tells how a step stands.
type state string

const (
	finished state = "done"
	due      state = "due"     // the next to do
	later    state = "later"   // after those before it
	needless state = "passed"  // real conversions arrive, so it need not be tried any more
	unknown  state = "unknown" // it can't be told just now
)

// step is one line of the checklist.
type step struct {
	State       state
	Number      int
	Title, Text string
	// Path is where it is done, Do what the link says; empty if it is somebody
	// else's to do.
	Path, Do string
	// First is where something has to be fetched before, FirstDo what the link says.
	First, FirstDo string
}

func done(steps []step) bool {
	for _, s := range steps {
		if s.State != finished && s.State != needless {
			return false
		}
	}
	return true
}

// steps works out how far somebody's installation, or advertiser, has come.
func (s *screen) steps(v *page.Visit) []step {
	scope := v.Who.Account // 0 = everything
	advertiser, campaign := begun(v.View, scope)
	traces := s.traces(v, scope, campaign != nil)
	if v.Who.Operator() {
		return inOrder(operatorSteps(advertiser, campaign), traces)
	}
	return inOrder(advertiserSteps(v, campaign), traces)
}

// begun finds the advertiser and campaign that the next steps are about: the
// first ones that are real.
func begun(view *catalog.View, scope homing.AccountID) (*homing.Account, *catalog.Campaign) {
	for _, c := range view.CampaignsOf(scope) {
		if !c.Owner.Demo || scope != 0 {
			return c.Owner, c
		}
	}
	for _, a := range view.Accounts {
		if !a.Erased && (scope == a.ID || scope == 0 && !a.Demo) {
			return a, nil
		}
	}
	return nil, nil
}

// draft is a step whose state is still to be told.
type draft struct {
	step
	is func(traces) bool
}

func operatorSteps(a *homing.Account, c *catalog.Campaign) []draft {
	campaign, test, click := "/advertisers", "", "/campaigns"
	if a != nil {
		campaign, test = "/campaigns/new?account="+a.ID.String(), page.AdvertiserPath(a.ID)+"/test"
	}
	if c != nil {
		click = page.CampaignPath(c.ID)
	}
	return []draft{
		{step{Title: "An advertiser", Text: "A client of yours: somebody whose visitors you send, and whose conversions come back.", Path: "/advertisers/new", Do: "New advertiser"},
			func(traces) bool { return a != nil }},
		{step{Title: "A campaign", Text: "It says where visitors are sent, with {click_id} in the URL.", Path: campaign, Do: "New campaign"},
			func(traces) bool { return c != nil }},
		{step{Title: "A test click", Text: "A click that is marked, and counts nowhere, goes through the advertiser's tracker.", Path: test, Do: "Make a test click"},
			func(t traces) bool { return t.tried }},
		{step{Title: "A test postback", Text: "The tracker sends the id back, and the call passes every check.", Path: test, Do: "Go to the test"},
			func(t traces) bool { return t.passed }},
		{step{Title: "The first real conversion", Text: "Put the campaign's click URL into the ad server. What comes back is in the postback log at once.", Path: click, Do: "Show the click URL"},
			func(t traces) bool { return t.real }},
	}
}

func advertiserSteps(v *page.Visit, c *catalog.Campaign) []draft {
	return []draft{
		{step{Title: "A campaign", Text: "Your operator makes it: it says where your visitors are sent."},
			func(traces) bool { return c != nil }},
		{step{Title: "The test", Text: "Put the postback URL into your tracker, then send a test click through it. Nothing of it counts.", Path: page.AdvertiserPath(v.Who.Account) + "/test", Do: "Make the test", First: page.TrackingPath(v.Who.Account), FirstDo: "The postback URL for your tracker"},
			func(t traces) bool { return t.passed }},
		{step{Title: "The first real conversion", Text: "Your operator sends visitors; what your tracker sends back is in the postback log at once.", Path: "/postbacks", Do: "Open the log"},
			func(t traces) bool { return t.real }},
	}
}

// inOrder tells each step's state. The first that is not done is due.
func inOrder(drafts []draft, t traces) (steps []step) {
	next := due
	for i, d := range drafts {
		switch is := d.is(t); {
		case is:
			d.State = finished
		case t.real:
			d.State = needless
		case t.unsure && next == due: // it was looked for, so all before is there
			d.State, next = unknown, later
		default:
			d.State, next = next, later
		}
		d.Number = i + 1
		steps = append(steps, d.step)
	}
	return steps
}

// traces are what test and real clicks have left behind.
type traces struct {
	tried  bool // a test click was made
	passed bool // a postback of one was counted
	real   bool // a real conversion was counted
	unsure bool // not everything could be looked at
}

// known remembers what was found, because it does not go away again: not that
// something was not found.
type known struct {
	mu sync.Mutex
	of map[homing.AccountID]traces // guarded by mu
}

func (k *known) get(scope homing.AccountID) traces {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of[scope]
}

func (k *known) keep(scope homing.AccountID, t traces) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[homing.AccountID]traces{}
	}
	t.unsure = false
	k.of[scope] = t
}

// looked bounds how many conversions are looked at for one of each kind.
const looked = 500

// traces looks for what is not known yet.
func (s *screen) traces(v *page.Visit, scope homing.AccountID, begun bool) traces {
	t := s.known.get(scope)
	if t.real || !begun {
		return t
	}
	t.lookInLedger(v, scope)
	if !t.tried {
		t.lookInJournal(v, scope)
	}
	if !t.tried && !t.real {
		t.lookInReports(v, scope)
	}
	s.known.keep(scope, t)
	return t
}

func (t *traces) lookInLedger(v *page.Visit, scope homing.AccountID) {
	q := ledger.ConversionQuery{Account: scope, Newest: true, Limit: looked}
	for c, err := range v.Books.Conversions(v.R.Context(), q) {
		if err != nil {
			t.unsure = true
			return
		}
		counted := c.Status == homing.Approved || c.Status == homing.Pending
		switch {
		case scope == 0 && isDemo(v.View, c.Account):
		case c.Click.Test():
			// Whoever rejects it afterwards takes nothing from what it proved.
			t.tried, t.passed = true, t.passed || counted || c.Status == homing.Rejected
		default:
			t.real = t.real || counted
		}
		if t.passed && t.real {
			return
		}
	}
}

func isDemo(view *catalog.View, id homing.AccountID) bool {
	a := view.Account(id)
	return a != nil && a.Demo
}

func (t *traces) lookInJournal(v *page.Visit, scope homing.AccountID) {
	for _, e := range v.Journal.Recent(journal.Filter{Account: scope}, looked) {
		t.tried = t.tried || e.Origin.Test() && (scope != 0 || !isDemo(v.View, e.Account))
	}
}

const (
	testsFor    homing.Millis = 90 * 24 * 60 * 60 * 1000
	reportsTake               = 2 * time.Second // at most, for a line of a list
)

// lookInReports looks for a test click that nobody has called for.
func (t *traces) lookInReports(v *page.Visit, scope homing.AccountID) {
	ctx, cancel := context.WithTimeout(v.R.Context(), reportsTake)
	defer cancel()
	found, err := v.Reports.Clicks(ctx, report.Scope{Account: scope}, &report.ListQuestion{
		Table: warehouse.ClickTable, From: v.Now - testsFor, Until: v.Now + 60_000, Zone: time.UTC,
		Class: []homing.ClickClass{homing.TestClick}, Limit: 1,
	})
	if err != nil {
		t.unsure = true
		return
	}
	t.tried = len(found.Rows) > 0
}
