package compare

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/flow/report"
)

// DayQuestion is what somebody's own tracker says of one day.
type DayQuestion struct {
	Date  string // 2026-11-22
	Count int64
	Value homing.Value   // empty = not said
	Zone  *time.Location // of the tracker
	// Ours is the zone that our reports are read in.
	Ours *time.Location
	// Where narrows to campaigns or an account, as in reports.
	Where []string
}

// Day is one day seen in every way it may be counted, beside what the tracker
// says.
type Day struct {
	Question DayQuestion
	Views    []View
	// Fits are the readings of a view that come closest, the best one first. The
	// others are as close as the first.
	Fits []Fit
	// Refusals are the day's refused calls by reason, most first, in the view that
	// fits best.
	Refusals []Refusal
	Currency string // of the values; empty if there are several
	Notes    []string
}

// View is a day in one zone and on one basis.
type View struct {
	Zone *time.Location
	// Whose says whose zone it is: "yours", "ours", both, or none of them.
	Whose       string
	ByClick     bool
	From, Until homing.Millis
	Figures
}

// Figures are a view's.
type Figures struct {
	Conversions, Approved, Pending, Rejected, Late, Duplicates, Refusals int64
	Value                                                                homing.Value // empty if it is not to be told
}

// Refusal is how many calls were refused for a reason.
type Refusal struct {
	Reason homing.Reason
	Count  int64
}

// Day compares one day's figures. The error is report.Faults if the question is
// wrong.
func (c *Comparer) Day(ctx context.Context, scope report.Scope, q DayQuestion) (*Day, error) {
	d := &Day{Question: q}
	if scope.HideMoney {
		d.Question.Value = homing.Value{}
	}
	for _, z := range zonesOf(&q) {
		for _, byClick := range []bool{false, true} {
			v := z
			v.ByClick = byClick
			if err := c.fill(ctx, scope, d, &v); err != nil {
				return nil, err
			}
			d.Views = append(d.Views, v)
		}
	}
	d.Fits = fits(d.Question.Count, d.Question.Value, d.Views)
	best := d.Fits[0].View
	return d, c.fillRefusals(ctx, scope, d, &d.Views[best])
}

// zonesOf are the zones that the day is looked at in: the tracker's, ours, and
// UTC, which many trackers keep to without saying so. Those in which the day is
// the same are one.
func zonesOf(q *DayQuestion) (views []View) {
	date, err := time.Parse(time.DateOnly, q.Date)
	if err != nil {
		return []View{{Zone: q.Zone, Whose: "yours"}} // the report's question says what is wrong
	}
	for _, z := range []struct {
		zone  *time.Location
		whose string
	}{{q.Zone, "yours"}, {q.Ours, "ours"}, {time.UTC, ""}} {
		year, month, day := date.Date()
		from := homing.MillisOf(time.Date(year, month, day, 0, 0, 0, 0, z.zone))
		until := homing.MillisOf(time.Date(year, month, day+1, 0, 0, 0, 0, z.zone))
		same := slices.IndexFunc(views, func(v View) bool { return v.From == from && v.Until == until })
		switch {
		case same < 0:
			views = append(views, View{Zone: z.zone, Whose: z.whose, From: from, Until: until})
		case z.whose != "":
			views[same].Whose = "yours and ours"
		}
	}
	return views
}

// question asks for the day's figures, or for its refusals by reason.
func (c *Comparer) question(d *Day, v *View, by, metrics string) (*report.Question, error) {
	basis := "conversion"
	if v.ByClick {
		basis = "click"
	}
	return report.Parse(map[string][]string{
		"by": {by}, "metrics": {metrics}, "from": {d.Question.Date}, "to": {d.Question.Date}, "tz": {v.Zone.String()}, "basis": {basis},
		"where": d.Question.Where,
	}, report.Defaults{Now: homing.MillisOf(c.Clock()), Zone: v.Zone})
}

func (c *Comparer) fill(ctx context.Context, scope report.Scope, d *Day, v *View) error {
	metrics := "conversions,approved,pending,rejected,late,duplicates,refusals"
	if !scope.HideMoney {
		metrics += ",value"
	}
	q, err := c.question(d, v, "none", metrics)
	if err != nil {
		return err
	}
	t, err := c.Reports.Report(ctx, scope, q)
	if err != nil {
		return err
	}
	v.From, v.Until = q.From, q.Until
	for name, into := range map[string]*int64{
		"conversions": &v.Conversions, "approved": &v.Approved, "pending": &v.Pending, "rejected": &v.Rejected,
		"late": &v.Late, "duplicates": &v.Duplicates, "refusals": &v.Refusals,
	} {
		*into = t.Total.Cells[t.Column(name)].Number
	}
	if i := t.Column("value"); i >= 0 && !t.Total.Cells[i].Null {
		v.Value = homing.ValueOf(homing.Money(t.Total.Cells[i].Number))
	}
	d.Currency = t.Currency
	for _, note := range t.Notes {
		if !slices.Contains(d.Notes, note) {
			d.Notes = append(d.Notes, note)
		}
	}
	return nil
}

func (c *Comparer) fillRefusals(ctx context.Context, scope report.Scope, d *Day, v *View) error {
	if v.Refusals == 0 {
		return nil
	}
	q, err := c.question(d, v, "reason", "refusals")
	if err != nil {
		return err
	}
	t, err := c.Reports.Report(ctx, scope, q)
	if err != nil {
		return err
	}
	for i := range t.Rows {
		n := t.Rows[i].Cells[t.Column("refusals")].Number
		if reason, ok := homing.ReasonNamed(t.Rows[i].Keys[0].Text); ok && n > 0 {
			d.Refusals = append(d.Refusals, Refusal{reason, n})
		}
	}
	slices.SortStableFunc(d.Refusals, func(a, b Refusal) int { return cmp.Compare(b.Count, a.Count) })
	return nil
}

// Basis is the view's basis in words.
func (v *View) Basis() string {
	if v.ByClick {
		return "click time"
	}
	return "conversion time"
}

// place is where a view counts, in words: "by click time in Europe/Berlin".
func (v *View) place() string { return fmt.Sprintf("by %s in %s", v.Basis(), v.Zone) }

// String names the view.
func (v *View) String() string {
	name := strings.ToUpper(v.Basis()[:1]) + v.Basis()[1:] + ", " + v.Zone.String()
	if v.Whose != "" {
		name += " (" + v.Whose + ")"
	}
	return name
}
