package figures

import (
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// MaxPoints is how many steps of time a chart has at most: more can't be told
// apart, and would make the page heavy.
const MaxPoints = 800

// maxFigures is how many figures a chart brings along, in all its series.
const maxFigures = 2400

// Chart is what web/src/chart.js draws: a row of equal steps of time with
// figures for each, written as tables have them for machines.
type Chart struct {
	// Summary says what is to be seen, for those who don't see it; %s stands for
	// the name of the figure that is shown.
	Summary string `json:"summary"`
	// Labels are of the steps; Befores of those they are compared with. Cut is
	// how many bytes of a label are left out below the chart.
	Labels  []string `json:"labels"`
	Befores []string `json:"befores,omitempty"`
	Cut     int      `json:"cut"`
	// Now and Then are what the range, and the one it is compared with, are
	// called.
	Now    string   `json:"now"`
	Then   string   `json:"then,omitempty"`
	Series []Series `json:"series"`
}

// Series is a figure over time. What is not known, or has not come yet, is null.
type Series struct {
	Name   string      `json:"name"`
	Kind   report.Kind `json:"kind"`
	Unit   string      `json:"unit,omitempty"`
	Values []*string   `json:"values"`
	Before []*string   `json:"before,omitempty"`
}

// ChartOf makes a chart of a table by a single dimension of time, filled. nil:
// there is nothing to draw. Steps that begin after now have no figures.
func ChartOf(t *report.Table, now homing.Millis) *Chart {
	q := t.Question
	if len(q.By) != 1 || !q.By[0].IsTime() || len(t.Rows) == 0 || len(t.Rows) > MaxPoints {
		return nil
	}
	c := &Chart{Cut: cutOf(q), Summary: "%s by " + strings.ReplaceAll(q.By[0].String(), "_", " ") + ". The table has the figures."}
	for i := range t.Rows {
		c.Labels = append(c.Labels, label(q.By[0], t.Rows[i].Cells[0]))
	}
	if before := t.Column(q.By[0].String() + "_before"); before >= 0 {
		for i := range t.Rows {
			c.Befores = append(c.Befores, label(q.By[0], t.Rows[i].Cells[before]))
		}
	}
	for i := range t.Columns {
		column := &t.Columns[i]
		if column.IsKey || column.Part != report.Itself {
			continue
		}
		if len(c.Series) > 0 && (len(c.Series)+1)*len(t.Rows)*lines(q) > maxFigures {
			break // the table has them
		}
		s := Series{Name: column.Title, Kind: column.Kind, Values: valuesOf(t, i, now)}
		if column.Kind == report.Money {
			s.Unit = t.Currency
		}
		if q.Compare != "" {
			s.Before = valuesOf(t, i+1, 0) // see report: a metric's parts stand together
		}
		c.Series = append(c.Series, s)
	}
	if len(c.Series) == 0 {
		return nil
	}
	return c
}

// lines is how many a series has.
func lines(q *report.Question) int {
	if q.Compare != "" {
		return 2
	}
	return 1
}

// valuesOf are the figures of a column. Those of steps that lie ahead of now are
// left out; 0 leaves out none.
func valuesOf(t *report.Table, column int, now homing.Millis) (values []*string) {
	for i := range t.Rows {
		cell := &t.Rows[i].Cells[column]
		if cell.Null || now != 0 && ahead(t.Question, &t.Rows[i], now) {
			values = append(values, nil)
			continue
		}
		values = append(values, &cell.Text)
	}
	return values
}

// ahead tells whether a row's step begins after now.
func ahead(q *report.Question, row *report.Line, now homing.Millis) bool {
	key, local := row.Keys[0].Number, now.Time().In(q.Zone)
	switch q.By[0] {
	case warehouse.Hour:
		return homing.Millis(key) > now
	case warehouse.DayOf, warehouse.Week:
		return warehouse.Day(key).String() > local.Format("2006-01-02")
	case warehouse.Month:
		return key > int64(local.Year()*12+int(local.Month())-1)
	}
	return false
}

var weekdays = [...]string{1: "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// label is what a step is called.
func label(d warehouse.Dimension, cell report.Cell) string {
	switch {
	case cell.Null:
		return ""
	case d == warehouse.Hour:
		return Hour(cell.Text)
	case d == warehouse.HourOfDay, d == warehouse.Weekday:
		return Name(d, cell.Number)
	}
	return cell.Text
}

// Hour writes the beginning of an hour, as RFC 3339 has it, shorter.
func Hour(text string) string {
	if len(text) < 16 {
		return text
	}
	return text[:10] + " " + text[11:16]
}

// Name is what an hour of the day, or a weekday, is called.
func Name(d warehouse.Dimension, n int64) string {
	if d == warehouse.Weekday && n >= 1 && n <= 7 {
		return weekdays[n]
	}
	return twoDigits(n) + ":00"
}

func twoDigits(n int64) string { return string([]byte{byte('0' + n/10%10), byte('0' + n%10)}) }

// cutOf leaves out of labels what all of them share: the date of hours in a day,
// else the year.
func cutOf(q *report.Question) int {
	const day = 24 * 3_600_000
	switch {
	case q.By[0] == warehouse.Hour && q.Until-q.From <= day+3_600_000:
		return len("2006-01-02 ")
	case q.By[0] <= warehouse.Week:
		return len("2006-")
	}
	return 0
}
