package conversions

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
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
	// Foreign are how many of them were sent in another currency.
	Foreign int64
	// Short tells that there are too many advertisers for the values of all.
	Short bool
}

// statusNames are the statuses as a reader thinks of them.
var statusNames = []struct {
	status homing.Status
	label  string
}{{0, "All"}, {homing.Approved, "Approved"}, {homing.Pending, "Pending"}, {homing.Rejected, "Rejected"}, {homing.LateStatus, "Late"}}

// sumUp works the figures out: however many conversions there are, the reports add
// them up by advertiser, whose currency amounts are in.
func sumUp(v *page.Visit, a *asked) (sums, error) {
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
	told.take(table)
	return told, nil
}

// take takes the figures out of the report.
func (told *sums) take(table *report.Table) {
	figure := func(l *report.Line, name string) (cell report.Cell) {
		if i := table.Column(name); i >= 0 {
			cell = l.Cells[i]
		}
		return cell
	}
	for i, n := range statusNames[1:] {
		told.Each[i+1].Count = figure(&table.Total, n.status.String()).Number
		told.Each[0].Count += told.Each[i+1].Count
	}
	told.Counted, told.Currency = figure(&table.Total, "value").Text, table.Currency
	told.Foreign = figure(&table.Total, "foreign").Number
	lines := table.Rows
	if table.Rest != nil {
		lines = append(slices.Clone(lines), *table.Rest)
	}
	for i := range lines {
		l := &lines[i]
		counted := figure(l, "value")
		currency := cmp.Or(table.Currency, figure(l, "currency").Text)
		if table.Column("value") < 0 {
			continue // the reader may see no amounts
		}
		if counted.Null || currency == "" {
			told.Short = true
			continue
		}
		pending := homing.Money(figure(l, "value_pending").Number)
		for i, value := range []homing.Money{
			homing.Money(counted.Number), homing.Money(counted.Number) - pending, pending,
			homing.Money(figure(l, "value_rejected").Number), homing.Money(figure(l, "value_late").Number),
		} {
			if i == 0 || figure(l, statusNames[i].status.String()).Number > 0 {
				told.Each[i].add(value, currency)
			}
		}
	}
	for i := range told.Each {
		slices.SortFunc(told.Each[i].Values, func(a, b amount) int { return cmp.Compare(a.Currency, b.Currency) })
	}
}

// totals is the question for the list's figures. A list without its narrowing to
// a status is of the same conversions as a report by their own time.
func (a *asked) totals(v *page.Visit) (*report.Question, error) {
	metrics := "approved,pending,rejected,late"
	if !v.Who.HideMoney {
		metrics += ",value,value_pending,value_rejected,value_late,foreign"
	}
	values := url.Values{"by": {"account"}, "metrics": {metrics}, "limit": {strconv.Itoa(warehouse.MaxRows)}}
	for _, name := range []string{"from", "to", "range", "tz", "where"} {
		if given := a.values[name]; len(given) > 0 {
			values[name] = given
		}
	}
	return report.Parse(values, report.Defaults{Now: v.Now, Zone: v.Local()})
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
