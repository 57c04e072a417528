package conversions

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/amend"
	"homing/internal/flow/report"
)

// conversionPage is one conversion with its history.
type conversionPage struct {
	row
	ClickID   homing.ClickID
	History   []step
	Click     []fact // what is known of the click's visitor and placement
	NoClick   string // why that is not to be had
	Operator  bool
	HideMoney bool
	// Moves are what may be done with it, by those who may.
	Moves []move
	Form  *page.Form
}

// step is a line of the history.
type step struct {
	homing.Change
	By string
}

type fact struct{ Label, Value string }

// move is a button.
type move struct {
	To    homing.Status
	Label string
	Kind  string // how the button looks
}

// moves are what may follow on a status, the usual one first.
var moves = map[homing.Status][]move{
	homing.Pending:    {{homing.Approved, "Approve", "main"}, {homing.Rejected, "Reject", "danger"}},
	homing.Approved:   {{homing.Rejected, "Reject", "danger"}, {homing.Pending, "Make pending", ""}},
	homing.Rejected:   {{homing.Approved, "Restore as approved", "main"}, {homing.Pending, "Restore as pending", ""}},
	homing.LateStatus: {{homing.Approved, "Accept as approved", "main"}, {homing.Pending, "Accept as pending", ""}, {homing.Rejected, "Reject", "danger"}},
}

// find finds the conversion that a path names.
func (s *screen) find(v *page.Visit, text string) (homing.AccountID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("conversion: %w", homing.ErrNotFound)
	}
	c, err := s.amender.Find(v.R.Context(), homing.ConversionID(n))
	if err != nil {
		return 0, err
	}
	v.Account = v.View.Account(c.Account)
	if v.Found == nil {
		v.Found = map[string]any{}
	}
	v.Found["conversion"] = c
	return c.Account, nil
}

func (s *screen) show(v *page.Visit) error {
	return s.render(v, http.StatusOK, page.NewForm())
}

func (s *screen) render(v *page.Visit, status int, f *page.Form) error {
	c := v.Found["conversion"].(homing.Conversion)
	r := rowOf(v, c)
	if r == nil {
		return fmt.Errorf("conversion: %w", homing.ErrNotFound)
	}
	p := conversionPage{row: *r, ClickID: s.amender.Keyring().Seal(c.Click), Operator: v.Who.Operator(), HideMoney: v.Who.HideMoney, Form: f}
	if mayChange(v) {
		p.Moves = moves[c.Status]
	}
	changes, err := v.Rooms.Books.History(v.R.Context(), c.ID)
	if err != nil {
		return fmt.Errorf("couldn't read the conversion's history: %w", err)
	}
	people := actors(v, changes)
	for _, change := range changes {
		p.History = append(p.History, step{change, people[change.Actor]})
	}
	if p.Click, p.NoClick, err = click(v, c, p.ClickID); err != nil {
		return err
	}
	return v.Show(status, "conversion", "Conversion "+c.ID.String(), p)
}

// actors tells who stands behind the names in a history. Advertisers are told
// that it was the operator, not who.
func actors(v *page.Visit, changes []homing.Change) map[string]string {
	said := map[string]string{}
	emails := map[string]string{}
	for _, c := range changes {
		name := c.Actor
		switch {
		case name == "postback":
			said[name] = "its postback"
		case !v.Who.Operator():
			said[name] = "the operator"
		case strings.HasPrefix(name, "user "):
			if len(emails) == 0 {
				// Without the names the numbers do.
				people, _ := v.Rooms.SignIn.PeopleOf(v.R.Context(), 0)
				for _, u := range people {
					emails["user "+u.ID.String()] = u.Email
				}
			}
			if said[name] = emails[name]; said[name] == "" {
				said[name] = name
			}
		default:
			said[name] = name
		}
	}
	return said
}

// click asks the reports what is known of the click; why says in words that it
// is not to be had.
func click(v *page.Visit, c homing.Conversion, id homing.ClickID) (facts []fact, why string, err error) {
	q, err := report.ParseList(warehouse.ClickTable, url.Values{
		"click_id": {id.String()}, "from": {c.Click.Time.String()}, "to": {(c.Click.Time + 1).String()},
	}, report.Defaults{Now: v.Now})
	if err != nil {
		// A clock that was far off made a time that no list goes to.
		return nil, "The click's time lies outside what is kept.", nil
	}
	part, err := v.Reports.Clicks(v.R.Context(), scope(v), q)
	switch {
	case page.Away(err):
		return nil, "Reports are away for the moment; what is known of the click comes from them.", nil
	case err != nil:
		return nil, "", fmt.Errorf("couldn't look the click up: %w", err)
	case len(part.Rows) == 0 && homing.Millis(part.AsOf) <= c.Click.Time:
		return nil, "The click is not in the reports yet. Look again in a moment.", nil
	case len(part.Rows) == 0:
		return nil, "Nothing is kept of the click itself: it is too old, was erased, or never arrived here.", nil
	}
	return factsOf(&part.Rows[0]), "", nil
}

func factsOf(c *report.Click) (facts []fact) {
	for _, f := range []fact{
		{"Site", c.Site}, {"Creative", c.Creative}, {"Ad spot", c.Adspot}, {"Source", c.Source}, {"Referrer", c.Referrer},
		{"Country", c.Country}, {"Region", c.Region}, {"City", c.City}, {"Carrier", c.Carrier}, {"Provider", c.ISP},
		{"Device", c.Device}, {"System", c.OS}, {"Browser", c.Browser}, {"Language", c.Language}, {"Network", c.Addr},
		{"sub1", c.Sub1}, {"sub2", c.Sub2}, {"sub3", c.Sub3}, {"sub4", c.Sub4}, {"sub5", c.Sub5},
		{"sub6", c.Sub6}, {"sub7", c.Sub7}, {"sub8", c.Sub8}, {"sub9", c.Sub9}, {"sub10", c.Sub10},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// change moves the conversion, if it still stands where the page showed it.
func (s *screen) change(v *page.Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	c := v.Found["conversion"].(homing.Conversion)
	o := amend.Order{Line: 1, Conversion: c.ID, Reason: strings.TrimSpace(f.Get("reason"))}
	if err := o.To.UnmarshalText([]byte(f.Get("status"))); err != nil {
		f.Problem = "Choose what to do with the conversion."
	}
	if err := o.From.UnmarshalText([]byte(f.Get("from"))); err != nil {
		f.Problem = "Choose what to do with the conversion."
	}
	if f.Fail("reason", amend.CheckReason(o.Reason)); o.To == homing.Rejected && o.Reason == "" {
		f.Fail("reason", errors.New("say why it is rejected: the advertiser sees it"))
	}
	if f.Bad() {
		return s.render(v, http.StatusUnprocessableEntity, f)
	}
	line, err := s.amender.One(v.R.Context(), amend.Task{Actor: v.Who.Actor()}, o)
	if err != nil {
		return err
	}
	switch line.Result {
	case amend.Changed, amend.Unchanged:
		return v.See("/conversions/" + c.ID.String() + "?done=status")
	case amend.Failed:
		return fmt.Errorf("%w: %s", homing.ErrUnavailable, line.Problem)
	}
	// As it stands now.
	if _, err := s.find(v, c.ID.String()); err != nil {
		return err
	}
	f.Problem = line.Problem + " Nothing was changed."
	status := http.StatusUnprocessableEntity
	if line.Result == amend.Overtaken {
		status = http.StatusConflict
	}
	return s.render(v, status, f)
}
