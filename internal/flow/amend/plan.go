package amend

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"homing"
	"homing/internal/rule/mask"
)

// Plan looks at every conversion of a list and tells, line by line, what would
// become of it. It changes nothing. The error is of the list as a whole.
func (a *Amender) Plan(ctx context.Context, t Task, orders []Order) ([]Line, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if len(orders) > MaxLines {
		return nil, fmt.Errorf("%w list: it has more than %d lines", homing.ErrInvalid, MaxLines)
	}
	p := planner{amender: a, masker: a.Masker(), task: &t, origins: make([]homing.Origin, len(orders)), seen: map[homing.ConversionID]int{}}
	if err := p.look(ctx, orders); err != nil {
		return nil, err
	}
	lines := make([]Line, len(orders))
	for i := range orders {
		lines[i] = p.line(&orders[i], p.origins[i])
	}
	return lines, nil
}

// planner makes the lines of one list.
type planner struct {
	amender *Amender
	masker  *mask.Masker
	task    *Task
	origins []homing.Origin // of the orders' clicks; zero = none, or not genuine
	numbers map[homing.ConversionID]homing.Conversion
	clicks  map[homing.Origin][]homing.Conversion
	seen    map[homing.ConversionID]int // the line that a conversion stands on
}

// look reads whatever the orders name.
func (p *planner) look(ctx context.Context, orders []Order) (err error) {
	var numbers []homing.ConversionID
	var clicks []homing.Origin
	known := map[homing.Origin]bool{}
	ring := p.amender.Keyring()
	for i := range orders {
		o := &orders[i]
		if o.Conversion != 0 {
			numbers = append(numbers, o.Conversion)
			continue
		}
		origin, genuine := ring.Open(o.Click)
		if !genuine || o.Fault != "" {
			continue
		}
		p.origins[i] = origin
		if !known[origin] {
			known[origin] = true
			clicks = append(clicks, origin)
		}
	}
	if p.numbers, err = p.amender.byNumber(ctx, numbers); err != nil {
		return err
	}
	p.clicks, err = p.amender.byClick(ctx, clicks)
	return err
}

func (p *planner) line(o *Order, origin homing.Origin) Line {
	l := Line{Order: *o, To: p.task.to(o.To), Reason: p.kept(p.reason(o)), Result: Refused}
	l.Text = p.kept(o.Text)
	if l.Problem = o.Fault; l.Problem == "" {
		l.Found, l.Problem = p.find(o, origin)
	}
	if l.Problem == "" {
		l.Problem = p.checkLine(&l)
	}
	if l.Problem == "" {
		l.Result, l.Problem = p.judge(&l)
	}
	return l
}

func (p *planner) reason(o *Order) string {
	if o.Reason != "" {
		return o.Reason
	}
	return p.task.Reason
}

// kept is a text as it may be stored: without what is, or looks like, a key.
func (p *planner) kept(text string) string {
	return string(p.masker.Append(nil, []byte(text), true))
}

// find is the conversion that an order means, or why it is none.
func (p *planner) find(o *Order, origin homing.Origin) (c homing.Conversion, problem string) {
	if o.Conversion == 0 {
		return p.ofClick(o, origin)
	}
	c, ok := p.numbers[o.Conversion]
	switch {
	case !ok:
		return c, fmt.Sprintf("There is no conversion %s.", o.Conversion)
	case o.Click != (homing.ClickID{}) && p.amender.Keyring().Seal(c.Click) != o.Click:
		return homing.Conversion{}, fmt.Sprintf("Conversion %s is of another click than the line says.", o.Conversion)
	}
	return c, ""
}

func (p *planner) ofClick(o *Order, origin homing.Origin) (none homing.Conversion, problem string) {
	if origin == (homing.Origin{}) {
		return none, "This click id was not made here."
	}
	all := p.clicks[origin]
	if len(all) == 0 {
		return none, "The click has no conversion."
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(c homing.Conversion) bool {
		return o.Lead != "" && !p.sameLead(o.Lead, c.Lead) || o.Goal != nil && *o.Goal != c.Goal
	})
	switch {
	case len(fit) == 1:
		return fit[0], ""
	case len(fit) > 1:
		return none, fmt.Sprintf("The click has %d conversions that fit: name the one by its number, or add lead code and goal.", len(fit))
	case new(homing.Status).UnmarshalText([]byte(strings.ToLower(o.Lead))) == nil:
		return none, fmt.Sprintf("The click has no conversion with the lead code %q. If that is a status, begin the list with a line of names: click_id,status.", o.Lead)
	}
	return none, "The click has no conversion with this lead code and goal."
}

// sameLead compares a lead code with one of a list, which may come from a file
// of ours: there it is masked, and guarded against being taken for a formula.
func (p *planner) sameLead(listed, lead string) bool {
	shown := p.masker.Text(lead)
	guarded, ok := strings.CutPrefix(listed, "'")
	return listed == lead || listed == shown || ok && guarded != "" && strings.ContainsRune("=+-@\t\r", rune(guarded[0])) && guarded == shown
}

// checkLine looks at what holds for the conversion whatever is asked.
func (p *planner) checkLine(l *Line) (problem string) {
	if first, twice := p.seen[l.Found.ID]; twice {
		return fmt.Sprintf("Line %d is about the same conversion.", first)
	}
	p.seen[l.Found.ID] = l.Line
	if owner := p.amender.View().Account(l.Found.Account); owner == nil || owner.Erased {
		return "Its advertiser was erased."
	}
	if err := CheckReason(p.reason(&l.Order)); err != nil {
		return "Its reason can't be stored: " + strings.TrimPrefix(err.Error(), homing.ErrInvalid.Error()+" reason: ") + "."
	}
	return ""
}

// judge tells whether the conversion can be moved from where it stands.
func (p *planner) judge(l *Line) (Result, string) {
	now := l.Found.Status
	switch {
	case l.To == 0:
		return Refused, "The line names no status: write approved, rejected or pending."
	case l.To == now:
		return Unchanged, fmt.Sprintf("It is %s already.", now)
	case l.To == homing.LateStatus:
		return Refused, "Nothing can be made late: only a postback arrives late."
	case l.From != 0 && l.From != now:
		return Overtaken, fmt.Sprintf("It is %s, not %s.", now, l.From)
	case !slices.Contains(verbs[p.task.Verb].from, now):
		return Refused, instead[p.task.Verb][now]
	}
	return Ready, ""
}

// instead tells why a verb does not fit where a conversion stands, and which
// does.
var instead = map[Verb]map[homing.Status]string{
	Approve: {
		homing.Rejected:   "It is rejected: restore it instead.",
		homing.LateStatus: "It is late: accept it instead.",
	},
	Restore: {
		homing.Pending:    "It is pending: only what is rejected can be restored.",
		homing.Approved:   "It is approved: only what is rejected can be restored.",
		homing.LateStatus: "It is late: accept it instead.",
	},
	Accept: {
		homing.Pending:  "It is pending: only what is late can be accepted.",
		homing.Approved: "It is approved: only what is late can be accepted.",
		homing.Rejected: "It is rejected: restore it instead.",
	},
}
