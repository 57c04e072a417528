package conversions

import (
	"context"
	"fmt"
	"net/url"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// sum is what the filter covers of one status.
type sum struct {
	Label string
	Path  string // the list narrowed to it
	Here  bool
	Count int64
	// Values are by currency, as texts; nil = not worked out.
	Values []amount
}

type amount struct {
	Value    homing.Money
	Currency string
}

// sums are the figures above the list: of all, then status by status. They are
// of the reports, without test traffic; known is false if those are away.
type sums struct {
	Each  []sum
	Known bool
	// Counted is the value of what is in totals; "" = none, or of several
	// currencies.
	Counted, Currency string
}

// statusNames are the statuses as a reader thinks of them.
var statusNames = []struct {
	status homing.Status
	label  string
}{{0, "All"}, {homing.Approved, "Approved"}, {homing.Pending, "Pending"}, {homing.Rejected, "Rejected"}, {homing.LateStatus, "Late"}}

// sumUp works the figures out. Values by status are added up from the rows
// themselves, for as many as fit a page of the API.
func (s *screen) sumUp(v *page.Visit, a *asked) (sums, error) {
	var told sums
	for _, n := range statusNames {
		name := ""
		if n.status != 0 {
			name = n.status.String()
		}
		told.Each = append(told.Each, sum{Label: n.label, Path: with(v, "status", name), Here: a.single() == n.status && len(a.question.Status) < 2})
	}
	if a.one() {
		return told, nil
	}
	ctx, cancel := context.WithTimeout(v.R.Context(), reportPatience)
	defer cancel()
	question, err := a.totals(v)
	if err != nil {
		return told, err
	}
	table, err := v.Reports.Report(ctx, scope(v), question)
	if page.Away(err) {
		return told, nil
	}
	if err != nil {
		return told, fmt.Errorf("couldn't sum conversions up: %w", err)
	}
	told.Known = true
	figure := func(name string) (cell report.Cell) {
		if i := table.Column(name); i >= 0 {
			cell = table.Total.Cells[i]
		}
		return cell
	}
	for i, n := range statusNames[1:] {
		told.Each[i+1].Count = figure(n.status.String()).Number
		told.Each[0].Count += told.Each[i+1].Count
	}
	told.Counted, told.Currency = figure("value").Text, table.Currency
	if told.Each[0].Count > report.MaxPage || v.Who.HideMoney {
		return told, nil
	}
	err = s.addUp(ctx, v, a, &told)
	return told, err
}

// totals is the question for the list's figures.
func (a *asked) totals(v *page.Visit) (*report.Question, error) {
	values := url.Values{"by": {"none"}, "metrics": {"approved,pending,rejected,late"}}
	if !v.Who.HideMoney {
		values.Set("metrics", "approved,pending,rejected,late,value")
	}
	for _, name := range []string{"from", "to", "range", "tz", "where"} {
		if given := a.values[name]; len(given) > 0 {
			values[name] = given
		}
	}
	return report.Parse(values, report.Defaults{Now: v.Now, Zone: v.Local()})
}

// addUp adds the values up by status and currency.
func (s *screen) addUp(ctx context.Context, v *page.Visit, a *asked, told *sums) error {
	all := *a.question
	all.Status, all.After, all.Limit = nil, nil, report.MaxPage
	part, err := v.Reports.Conversions(ctx, scope(v), &all)
	if page.Away(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't sum conversions up: %w", err)
	}
	if part.Next != "" {
		return nil // test traffic has its place, too
	}
	for _, c := range part.Rows {
		if c.Test || !c.Value.Given {
			continue
		}
		for i, n := range statusNames[1:] {
			if n.status == c.Status {
				told.Each[i+1].add(c.Value.Money, c.Currency)
			}
		}
		if c.Status.InTotals() {
			told.Each[0].add(c.Value.Money, c.Currency)
		}
	}
	return nil
}

func (s *sum) add(value homing.Money, currency string) {
	for i := range s.Values {
		if s.Values[i].Currency == currency {
			s.Values[i].Value += value
			return
		}
	}
	s.Values = append(s.Values, amount{value, currency})
}
