package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"homing"
	"homing/internal/desk/control"
)

// sheet is what reports must say: every click, conversion and postback that the
// server's own lists have, once these lists agree with our books, each with what
// we know of its click. What was stored without an answer is in it as the lists
// have it, so that reports are compared to the unit however often the server was
// killed.
type sheet struct {
	events   []event
	clicks   map[homing.ClickID]int // of events
	visitors map[visitorKey][]int   // their billable clicks, in the spool's order
	unknown  int                    // clicks that no visitor of ours can have made
	several  bool                   // machines have spools of their own
}

// event is something that counts.
type event struct {
	at homing.Millis
	// clickAt is when its click was made; at, if it is of none.
	clickAt  homing.Millis
	account  homing.AccountID
	campaign homing.CampaignID
	goal     homing.GoalID
	reason   string
	of       clickFacts
	figures  figures
}

// clickFacts are the facts of a click, if there is one.
type clickFacts struct {
	known bool
	facts
}

type visitorKey struct {
	campaign homing.CampaignID
	day      int64 // UTC
	visitor  [2]uint8
}

// metric is a column that is compared.
type metric int

const (
	mClicks metric = iota
	mUniqueClicks
	mBotClicks
	mConversions
	mApproved
	mPending
	mRejected
	mLate
	mPostbacks
	mDuplicates
	mRefusals
	mForeign
	mValue
	mCost
	mProfit
	metricCount
)

// metricNames are their names in reports; the last three are money.
var metricNames = [metricCount]string{
	"clicks", "unique_clicks", "bot_clicks", "conversions", "approved", "pending", "rejected", "late",
	"postbacks", "duplicates", "refusals", "foreign", "value", "cost", "profit",
}

func (m metric) isMoney() bool { return m >= mValue }

// show writes a figure as reports do.
func (m metric) show(n int64) string {
	if m.isMoney() {
		return homing.Money(n).String()
	}
	return strconv.FormatInt(n, 10)
}

// figures are counts, and amounts in micro-units.
type figures [metricCount]int64

func (f *figures) add(g *figures) {
	for m := range f {
		f[m] += g[m]
	}
}

func newSheet(several bool) *sheet {
	return &sheet{several: several, clicks: map[homing.ClickID]int{}, visitors: map[visitorKey][]int{}}
}

// click takes in a click that is held, with its facts.
func (s *sheet) click(c *control.Click, cast *cast, f facts, known bool) {
	e := event{at: moment(c.At), campaign: c.Campaign, account: cast.ownerOf(c.Campaign), of: clickFacts{known, f}}
	e.clickAt = e.at
	if !known {
		s.unknown++
	}
	if c.Class == homing.Billable {
		e.figures[mClicks] = 1
		e.figures[mCost] = int64(f.micros())
		e.figures[mProfit] = -e.figures[mCost]
		k := visitorKey{c.Campaign, int64(e.at) / (24 * 60 * 60 * 1000), f.visitor()}
		s.visitors[k] = append(s.visitors[k], len(s.events))
	} else {
		e.figures[mBotClicks] = 1
	}
	s.clicks[c.ClickID] = len(s.events)
	s.events = append(s.events, e)
}

// ownerOf is a campaign's account.
func (c *cast) ownerOf(id homing.CampaignID) homing.AccountID {
	for _, o := range c.offers {
		if o.id == id {
			return o.owner.id
		}
	}
	return 0
}

// conversion takes in a conversion that is held.
func (s *sheet) conversion(c *control.Conversion) {
	e := event{at: moment(c.At), clickAt: moment(c.ClickAt), account: c.Account, campaign: c.Campaign, goal: c.Goal}
	e.of = s.factsOf(c.ClickID)
	switch c.Status {
	case homing.Approved:
		e.figures[mApproved] = 1
	case homing.Pending:
		e.figures[mPending] = 1
	case homing.Rejected:
		e.figures[mRejected] = 1
	case homing.LateStatus:
		e.figures[mLate] = 1
	}
	if c.Status == homing.Approved || c.Status == homing.Pending {
		e.figures[mConversions] = 1
		if slices.Contains(c.Flags, homing.FlagCurrencyDiffers.Names()[0]) {
			e.figures[mForeign] = 1
		}
		e.figures[mValue] = int64(c.Value.Money)
		e.figures[mCost] = int64(c.Price)
		e.figures[mProfit] = int64(c.Value.Money) - int64(c.Price)
	}
	s.events = append(s.events, e)
}

func (s *sheet) factsOf(id homing.ClickID) clickFacts {
	if i, ok := s.clicks[id]; ok {
		return s.events[i].of
	}
	return clickFacts{}
}

// postback takes in a line of the log, which stands for n calls.
func (s *sheet) postback(p *control.Postback, n int) {
	e := event{
		at: moment(p.At), account: p.Account, campaign: p.Campaign, goal: p.Goal, reason: p.Reason.String(),
	}
	e.clickAt = e.at
	if id, ok := homing.ParseClickID(p.ClickID); ok {
		if i, held := s.clicks[id]; held {
			e.clickAt, e.of = s.events[i].at, s.events[i].of
		}
	}
	e.figures[mPostbacks] = int64(n)
	switch p.Result {
	case homing.Duplicate:
		e.figures[mDuplicates] = int64(n)
	case homing.Refused:
		e.figures[mRefusals] = int64(n)
	}
	s.events = append(s.events, e)
}

// moment reads a time of a list; 0 if there is none.
func moment(text string) homing.Millis {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0
	}
	return homing.MillisOf(at)
}

// key is what a report calls the group that an event is in.
func (e *event) key(dimension string, byClick bool, zone *time.Location) string {
	at := e.at
	if byClick {
		at = e.clickAt
	}
	local := at.Time().In(zone)
	switch dimension {
	case "hour":
		_, offset := local.Zone()
		into := (int64(at) + int64(offset)*1000) % 3_600_000
		return time.UnixMilli(int64(at) - into).In(zone).Format(time.RFC3339)
	case "day":
		return local.Format(time.DateOnly)
	case "week":
		year, week := local.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case "month":
		return local.Format("2006-01")
	case "hour_of_day":
		return strconv.Itoa(local.Hour())
	case "weekday":
		return strconv.Itoa((int(local.Weekday())+6)%7 + 1)
	case "account":
		return e.account.String()
	case "campaign":
		return e.campaign.String()
	case "goal":
		return e.goal.String()
	case "reason":
		return e.reason
	}
	if !e.of.known {
		return ""
	}
	return e.of.facet(dimension)
}

// group is what a line of a report must say.
type group struct {
	figures
	// maybe is how many more unique clicks there may be: see firsts.
	maybe int64
}

// allows tells whether a figure may stand there.
func (g *group) allows(m metric, n int64) bool {
	if m == mUniqueClicks {
		return g.figures[m] <= n && n <= g.figures[m]+g.maybe
	}
	return n == g.figures[m]
}

// told is what must stand there, in words.
func (g *group) told(m metric) string {
	if m == mUniqueClicks && g.maybe > 0 {
		return fmt.Sprintf("%d to %d", g.figures[m], g.figures[m]+g.maybe)
	}
	return m.show(g.figures[m])
}

// groups breaks everything down by a dimension.
func (s *sheet) groups(dimension string, byClick bool, zone *time.Location) (all map[string]*group, total group) {
	all = map[string]*group{}
	of := func(e *event) *group {
		k := e.key(dimension, byClick, zone)
		if all[k] == nil {
			all[k] = &group{}
		}
		return all[k]
	}
	for i := range s.events {
		of(&s.events[i]).add(&s.events[i].figures)
		total.add(&s.events[i].figures)
	}
	for _, clicks := range s.visitors {
		total.figures[mUniqueClicks]++
		var candidates []*group
		for _, i := range s.firsts(clicks) {
			if g := of(&s.events[i]); !slices.Contains(candidates, g) {
				candidates = append(candidates, g)
			}
		}
		if len(candidates) == 1 {
			candidates[0].figures[mUniqueClicks]++
			continue
		}
		for _, g := range candidates {
			g.maybe++
		}
	}
	return all, total
}

// firsts are those of a visitor's clicks that may have been taken for the first.
// They are loaded in the order of the spool, and in that of time within a load;
// where the two differ, the first is one that none before it in the spool is
// older than. That is a matter of milliseconds, so there is nearly always one.
// Several machines load their spools each for itself, and any may be ahead of the
// others: there it may be any, and still is one.
func (s *sheet) firsts(clicks []int) (firsts []int) {
	if s.several {
		return clicks
	}
	oldest := homing.Millis(1<<63 - 1)
	for _, i := range clicks {
		if at := s.events[i].at; cmp.Compare(at, oldest) <= 0 {
			oldest = at
			firsts = append(firsts, i)
		}
	}
	return firsts
}
