package reports

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/figures"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// patience is how long the page waits for an answer.
const patience = 12 * time.Second

// reportsPage is a question, and its answer if there is one.
type reportsPage struct {
	Form   *form
	Faults map[string][]string // by field of the form
	Chips  []chip
	Clear  string // without conditions
	// Answer is nil if the question is wrong or nobody can answer.
	Answer *answer
	// Away: nobody can answer just now. Heavy: it would take too much.
	Away, Heavy bool
}

// answer is what a question found.
type answer struct {
	Sheet      *sheet
	Chart      *figures.Chart
	Notes      []string
	Currency   string
	Zone       string
	Basis      string
	From, To   string
	Other      string // the range that is compared with
	Fresh      homing.Millis
	Shown      int  // rows
	Cut        bool // there are more than are shown
	Empty      bool
	CSV        string
	Parquet    string
	Conditions int
}

func show(v *page.Visit) error {
	sent := v.R.URL.Query()
	asked, other := canonical(v, sent)
	if other {
		return v.See("/reports" + query(asked))
	}
	p := reportsPage{Form: formOf(v, asked)}
	q, err := questionOf(v, asked)
	if err == nil {
		p.Form.take(q)
		err = p.answer(v, q)
	}
	return p.show(v, err)
}

func query(asked url.Values) string {
	if len(asked) == 0 {
		return ""
	}
	return "?" + asked.Encode()
}

func (p *reportsPage) show(v *page.Visit, err error) error {
	status := http.StatusOK
	var faults *report.Faults
	switch {
	case errors.As(err, &faults):
		status, p.Faults = http.StatusUnprocessableEntity, faultsByField(faults)
	case errors.Is(err, homing.ErrUnavailable), errors.Is(err, context.DeadlineExceeded) && v.R.Context().Err() == nil:
		status, p.Away = http.StatusServiceUnavailable, true
		v.Log.Warn("a report can't be answered", "error", err)
	case errors.Is(err, homing.ErrOverloaded):
		status, p.Heavy = http.StatusServiceUnavailable, true
	case err != nil:
		return err
	}
	return v.Show(status, "reports", "Reports", p)
}

// fields of the form for parameters that have no field of their own.
var fields = map[string]string{"range": "from", "to": "from", "fill": "by", "limit": "by", "order": "by"}

func faultsByField(faults *report.Faults) map[string][]string {
	by := map[string][]string{}
	for _, f := range faults.List {
		field := f.Field
		if other, ok := fields[field]; ok {
			field = other
		}
		if !slices.Contains([]string{"by", "metrics", "from", "compare", "tz", "basis", "where"}, field) {
			field = "" // of the URL
		}
		by[field] = append(by[field], page.Sentence(errors.New(f.Problem)))
	}
	return by
}

// answer asks for the table and the chart.
func (p *reportsPage) answer(v *page.Visit, q *report.Question) error {
	ctx, cancel := context.WithTimeout(v.R.Context(), patience)
	defer cancel()
	l, scope := linksOf(v, q), scopeOf(v)
	p.Chips, p.Clear = l.chips(names(v, scope)), l.without()
	most := rowsFor(l)
	table, steps, err := ask(ctx, v, scope, q, most)
	if err != nil {
		return err
	}
	a := &answer{
		Sheet: sheetOf(l, table, scope, most), Notes: table.Notes, Currency: table.Currency, Zone: q.Zone.String(), Basis: "arrived",
		From: dateText(q.From, q), To: dateText(q.Until-1, q), Fresh: table.AsOf, Conditions: len(q.Where),
	}
	if steps != nil {
		a.Chart = figures.ChartOf(steps, v.Now)
	}
	if a.Chart != nil {
		a.Chart.Now, a.Chart.Then = "This range", "Compared with"
	}
	if q.Basis == warehouse.ByClick {
		a.Basis = "were clicked"
	}
	if q.Compare != "" {
		a.Other = dateText(q.OtherFrom, q) + " to " + dateText(q.OtherUntil-1, q)
	}
	a.Shown = len(a.Sheet.Rows)
	a.Cut = len(table.Rows) > a.Shown || table.Rest != nil && q.Limit != a.Shown
	a.Empty = empty(table)
	a.CSV, a.Parquet = l.file(report.CSV), l.file(report.Parquet)
	p.Answer = a
	return nil
}

// dateText is a moment of the range: its date, and the time if it is within the
// day.
func dateText(at homing.Millis, q *report.Question) string {
	local := at.Time().In(q.Zone)
	if q.Until-q.From < 36*3_600_000 {
		return local.Format("2 Jan 2006, 15:04")
	}
	return local.Format("2 Jan 2006")
}

// ask gives the table, and the steps for a chart: the same by time alone; nil if
// time does not come first, or has too many steps.
func ask(ctx context.Context, v *page.Visit, scope report.Scope, q *report.Question, most int) (table, steps *report.Table, err error) {
	byTime := stepsOf(v, q)
	if byTime != nil && len(q.By) == 1 && len(q.Order) == 0 && q.Limit == 0 {
		table, err = v.Reports.Report(ctx, scope, byTime) // it is the table, too
		return table, table, err
	}
	drawn := make(chan error, 1)
	go func() (err error) {
		defer func() { drawn <- err }()
		if byTime != nil {
			steps, err = v.Reports.Report(ctx, scope, byTime)
		}
		return err
	}()
	short := *q
	if short.Limit == 0 || short.Limit > most {
		short.Limit = most
	}
	if short.Fill {
		short.Limit = 0 // the two exclude each other
	}
	table, err = v.Reports.Report(ctx, scope, &short)
	return table, steps, errors.Join(err, <-drawn)
}

// stepsOf is the question by its first dimension alone, if that is of time; nil
// if it is not, or the chart would be too wide.
func stepsOf(v *page.Visit, q *report.Question) *report.Question {
	if len(q.By) == 0 || !q.By[0].IsTime() {
		return nil
	}
	if long := (q.Until - q.From) / 3_600_000; q.By[0] == warehouse.Hour && long > figures.MaxPoints || long/24 > figures.MaxPoints {
		return nil
	}
	values := q.Values()
	values.Set("by", q.By[0].String())
	values.Set("fill", "1")
	values.Del("order")
	values.Del("limit")
	steps, err := report.Parse(values, report.Defaults{Now: v.Now, Zone: q.Zone})
	if err != nil {
		return nil // what can't be filled has no chart
	}
	return steps
}

// empty tells that there is nothing at all in the range.
func empty(t *report.Table) bool {
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.IsKey && !t.Total.Cells[i].Null && t.Total.Cells[i].Number != 0 && c.Kind != report.Ratio {
			return false
		}
	}
	return true
}

const (
	// mostRows is how many rows the page shows at most.
	mostRows = 100
	// budget is how many bytes they may have: each value has a link that says the
	// whole question.
	budget = 60_000
)

// rowsFor is how many rows to ask for, as far as their size can be told before
// they are there.
func rowsFor(l *links) int {
	each := (len(l.question.By)+1)*(len(l.path(nil))+2*linkBytes) + rowBytes
	figures := max(len(l.question.Metrics), len(report.DefaultMetrics))
	if l.question.Compare != "" {
		figures *= 2
	}
	return max(10, min(mostRows, budget/(each+figures*cellBytes)))
}

// names tells what keys of conditions are called.
func names(v *page.Visit, scope report.Scope) func(warehouse.Dimension, warehouse.Key) string {
	sees := func(id homing.AccountID) bool { return scope.Account == 0 || scope.Account == id }
	return func(d warehouse.Dimension, k warehouse.Key) string {
		switch {
		case d == warehouse.Account:
			if a := v.View.Account(homing.AccountID(k.Number)); a != nil && sees(a.ID) && !a.Erased {
				return page.Plain(a.Name)
			}
		case d == warehouse.Campaign:
			if c := v.View.Campaign(homing.CampaignID(k.Number)); c != nil && sees(c.Account) {
				return page.Plain(c.Name)
			}
		case d.IsTime():
			return figures.Name(d, k.Number)
		case !d.IsNumber() && k.Text == "":
			return noneOf(d)
		case !d.IsNumber():
			return page.Plain(shortened(k.Text))
		}
		return fmt.Sprint(k.Number)
	}
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > shownKey {
		return string(runes[:shownKey]) + "…"
	}
	return text
}

// file is where the answer is as a file.
func (l *links) file(f report.Format) string {
	return strings.Replace(l.path(func(v url.Values) { v.Set("format", f.String()) }), "/reports", "/reports/file", 1)
}
