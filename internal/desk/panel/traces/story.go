package traces

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/trace"
)

// told is a story as the page shows it: what is true of the click, and what
// happened, in the order of time.
type told struct {
	*trace.Story
	Events   []event
	Currency string
	Minted   homing.Millis
	Ends     homing.Millis // of the window; 0 if it is not known
	Campaign homing.CampaignID
	// Owner is the advertiser's name, for operators.
	Owner string
	// Left is how many postbacks are not shown.
	Left int
	// Why is what is said of an id that is not ours.
	Why homing.ReasonInfo
}

// replayed is how a story names the flag of a call that nobody sent.
var replayed = homing.FlagReplayed.Names()[0]

// maxPostbacks is how many postbacks of one click are shown.
const maxPostbacks = 50

// event is a mark on the time line.
type event struct {
	At    homing.Millis
	Kind  string // its class: mint, click, call, conversion, window, erased, now
	Title string
	Badge string // an outcome or a status; empty = none
	Text  string
	Path  string // where it is told at length
	After string // how long after the click
	Facts []fact
	// Ahead: it has not happened yet.
	Ahead bool
}

type fact struct{ Label, Value string }

// at reads a time of a story back.
func at(text string) homing.Millis {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0 // it is not told
	}
	return homing.MillisOf(t)
}

func tell(v *page.Visit, s *trace.Story) (*told, error) {
	t := &told{Story: s, Minted: at(s.Minted), Ends: at(s.WindowEnds), Campaign: s.Campaign}
	if !s.Genuine {
		t.Why = homing.ReasonCodeNotMinted.Info()
		return t, nil
	}
	if a := v.View.Account(s.Account); a != nil {
		t.Currency = a.Currency
	}
	if v.Who.Operator() {
		t.Owner = s.AccountName
	}
	users, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), s.Account)
	if err != nil {
		return nil, err
	}
	operators, err := v.Rooms.SignIn.PeopleOf(v.R.Context(), 0)
	if err != nil {
		return nil, err
	}
	t.addClick(v)
	t.addPostbacks(v)
	t.addConversions(v, v.Actors(append(users, operators...)))
	t.addMarks(v)
	for i := range t.Events {
		if t.Events[i].Kind != "now" {
			t.Events[i].After = after(t.Events[i].At - t.Minted)
		}
		t.Events[i].Ahead = t.Events[i].At > v.Now
	}
	slices.SortStableFunc(t.Events, func(a, b event) int { return cmp.Compare(a.At, b.At) })
	return t, nil
}

func after(ms homing.Millis) string {
	if ms < 1000 {
		return ""
	}
	return page.Length(time.Duration(ms)*time.Millisecond) + " after the click"
}

func (t *told) addClick(v *page.Visit) {
	mint := event{At: t.Minted, Kind: "mint", Title: "The id was made", Text: fmt.Sprintf("by node %d, for campaign %s.", t.Node, t.Campaign)}
	if t.Test {
		mint.Badge, mint.Text = "test", mint.Text+" It is test traffic, which is in no total."
	}
	t.Events = append(t.Events, mint)
	if t.Erased != "" {
		return
	}
	click := event{At: t.Minted, Kind: "click", Title: "A visitor was sent on"}
	c := t.Click
	if c == nil {
		click.Text = "What was known of the visitor is not kept here any more. The id alone still proves the click."
		t.Events = append(t.Events, click)
		return
	}
	if c.Class != homing.Billable {
		click.Badge = c.Class.String()
		click.Text = "It is no billable click."
	}
	click.Facts = factsOf(c, v.Who.HideMoney)
	t.Events = append(t.Events, click)
}

// moneyParams tell amounts.
var moneyParams = map[string]bool{"cost": true, "price": true, "ecpc": true}

func factsOf(c *trace.Click, hideMoney bool) (facts []fact) {
	add := func(label, value string) {
		if value != "" {
			facts = append(facts, fact{label, value})
		}
	}
	add("Address", c.Addr)
	add("User-Agent", c.UserAgent)
	add("Language", c.Language)
	add("Referrer", c.Referrer)
	for _, names := range []map[string]string{c.Facets, c.Params} {
		for _, name := range sorted(names) {
			if !hideMoney || !moneyParams[name] {
				add(name, names[name])
			}
		}
	}
	return facts
}

func sorted(m map[string]string) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (t *told) addPostbacks(v *page.Visit) {
	shown := t.Postbacks
	if t.Left = max(0, len(shown)-maxPostbacks); t.Left > 0 {
		shown = shown[:maxPostbacks]
	}
	for i := range shown {
		p := &shown[i]
		e := event{
			At: at(p.At), Kind: "call", Title: "Postback", Badge: p.Result.String(), Text: p.Reason.Info().Title,
			Path: "/postbacks/" + p.Request.String(),
		}
		e.Facts = t.worth(v, p.LeadCode, p.Goal, p.Value)
		if slices.Contains(p.Flags, replayed) {
			e.Title = "Replay of a refused call"
			e.Text += " Nobody sent this: an operator had the call judged once more, at the time it came."
		} else if p.Addr != "" {
			e.Facts = append(e.Facts, fact{"From", p.Addr})
		}
		t.Events = append(t.Events, e)
	}
}

// worth are the facts that calls and conversions share.
func (t *told) worth(v *page.Visit, lead string, goal homing.GoalID, value homing.Value) (facts []fact) {
	if value.Given && !v.Who.HideMoney {
		facts = append(facts, fact{"Value", page.Figure(value.Money) + " " + t.Currency})
	}
	if lead != "" {
		facts = append(facts, fact{"Lead code", lead})
	}
	if goal != 0 {
		facts = append(facts, fact{"Goal", goal.String()})
	}
	return facts
}

func (t *told) addConversions(v *page.Visit, actors page.Actors) {
	for i := range t.Conversions {
		c := &t.Conversions[i]
		e := event{At: at(c.At), Kind: "conversion", Title: "Conversion " + c.ID.String(), Badge: c.Status.String()}
		e.Facts = t.worth(v, c.LeadCode, c.Goal, c.Value)
		if len(c.History) > 0 {
			e.Badge = c.History[0].To.String()
		}
		if e.Badge == homing.LateStatus.String() {
			e.Text = "It is kept, and is in no total."
		}
		t.Events = append(t.Events, e)
		for _, step := range c.History[min(1, len(c.History)):] {
			e := event{At: at(step.At), Kind: "conversion", Title: "Conversion " + c.ID.String(), Badge: step.To.String()}
			e.Text = fmt.Sprintf("It was %s before. Changed by %s", step.From, actors.Name(step.Actor))
			if step.Reason != "" {
				e.Text += ": " + step.Reason
			}
			t.Events = append(t.Events, e)
		}
	}
}

// addMarks adds the end of the window, an erasure, and now.
func (t *told) addMarks(v *page.Visit) {
	if t.Ends != 0 {
		e := event{At: t.Ends, Kind: "window", Title: "The window ends", Text: "Postbacks that arrive later are late: they are kept, and are in no total."}
		if t.Ends <= v.Now {
			e.Title = "The window ended"
		}
		t.Events = append(t.Events, e)
	}
	if t.Erased != "" {
		t.Events = append(t.Events, event{
			At: at(t.Erased), Kind: "erased", Title: "The click was erased",
			Text: "What was known of the visitor and the calls is gone. The conversions stay, so that nothing counts twice.",
		})
	}
	if v.Now < t.Ends {
		t.Events = append(t.Events, event{At: v.Now, Kind: "now", Title: "Now"})
	}
}
