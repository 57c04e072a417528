package reports

import (
	"homing/internal/desk/panel/figures"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// sheet is a table as the page shows it.
type sheet struct {
	Heads  []head
	Rows   []row
	Total  []cell
	Rest   []cell // nil if nothing was left out
	Keys   int    // how many columns stand before the figures
	Opens  string // what a row opens into; "" = nothing
	Widely bool   // there is a range to compare with
}

type head struct {
	Title, Hint, Sort, Sorted string
	Number                    bool
}

type row struct {
	Keys    []key
	Figures []cell
	Open    string
}

// key is a value that a click narrows the report to.
type key struct {
	Text, Ref, Link string
	None            bool // not known, or none
	Whole           string
}

// cell is a figure, with what it was.
type cell struct {
	Text, Title    string
	Before, Change string
}

// shownKey is how much of a long value a table has.
const shownKey = 60

// sheetOf lays a table out. Rows beyond most are left out.
func sheetOf(l *links, t *report.Table, scope report.Scope, most int) *sheet {
	s := &sheet{Widely: t.Question.Compare != ""}
	next, opens := l.next(scope)
	if opens && len(t.Question.By) > 0 {
		s.Opens = titleOf(next)
	}
	s.heads(l, t)
	places := placesOf(t)
	size := 0
	for i := range t.Rows[:min(most, len(t.Rows))] {
		line := &t.Rows[i]
		r := row{Keys: keysOf(l, t, line), Figures: figuresOf(t, line, places)}
		if s.Opens != "" {
			r.Open = l.open(line.Keys, next)
		}
		if size += r.size(); size > budget {
			break
		}
		s.Rows = append(s.Rows, r)
	}
	s.Total = figuresOf(t, &t.Total, places)
	if t.Rest != nil && len(s.Rows) == len(t.Rows) {
		s.Rest = figuresOf(t, t.Rest, places)
	}
	return s
}

// What the elements of a row, of a figure and of a link take beside their texts.
const (
	rowBytes  = 100
	cellBytes = 60
	linkBytes = 60
)

// size is how many bytes a row takes in the page, about.
func (r *row) size() int {
	size := rowBytes + len(r.Open) + linkBytes
	for _, k := range r.Keys {
		size += len(k.Text) + len(k.Ref) + len(k.Whole) + len(k.Link) + linkBytes
	}
	for _, c := range r.Figures {
		size += len(c.Text) + cellBytes
		if c.Before != "" {
			size += len(c.Before) + cellBytes
		}
	}
	return size
}

func (s *sheet) heads(l *links, t *report.Table) {
	for _, d := range t.Question.By {
		h := head{Title: titleOf(d)}
		h.Sort, h.Sorted = l.sort(d.String(), true)
		s.Heads = append(s.Heads, h)
	}
	if t.Column(currency) >= 0 {
		s.Heads = append(s.Heads, head{Title: "Currency"})
	}
	s.Keys = len(s.Heads)
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.IsKey || c.Part != report.Itself {
			continue
		}
		h := head{Title: c.Title, Hint: metricMeanings[c.Name], Number: true}
		h.Sort, h.Sorted = l.sort(c.Name, false)
		s.Heads = append(s.Heads, h)
	}
}

// currency is the column that tells each row's, if they differ.
const currency = "currency"

// keysOf are a row's values.
func keysOf(l *links, t *report.Table, line *report.Line) (keys []key) {
	for i, d := range t.Question.By {
		k := key{Link: l.filter(d, line.Keys[i])}
		text := keyText(t, d, line)
		if name := t.Column(d.String() + "_name"); name >= 0 {
			if called := line.Cells[name].Text; called != "" {
				text, k.Ref = called, text
			}
		}
		k.None = text == "" || d.IsNumber() && !d.IsTime() && line.Keys[i].Number == 0
		if k.None {
			text = noneOf(d)
		}
		k.Text = page.Plain(text)
		if runes := []rune(k.Text); len(runes) > shownKey {
			k.Text, k.Whole = string(runes[:shownKey])+"…", k.Text
		}
		keys = append(keys, k)
	}
	if c := t.Column(currency); c >= 0 {
		keys = append(keys, key{Text: line.Cells[c].Text, None: line.Cells[c].Null})
	}
	return keys
}

// keyText is a value as it is read.
func keyText(t *report.Table, d warehouse.Dimension, line *report.Line) string {
	cell := line.Cells[t.Column(d.String())]
	switch d {
	case warehouse.Hour:
		return figures.Hour(cell.Text)
	case warehouse.HourOfDay, warehouse.Weekday:
		return figures.Name(d, cell.Number)
	}
	return cell.Text
}

// noneOf is what is said of rows that have no value.
func noneOf(d warehouse.Dimension) string {
	switch d {
	case warehouse.Account:
		return "no advertiser"
	case warehouse.Campaign:
		return "no campaign"
	case warehouse.Goal:
		return "no goal"
	case warehouse.Reason:
		return "no verdict"
	}
	return "not known"
}

// placesOf are the decimals of each column; what is compared has the same.
func placesOf(t *report.Table) []figures.Places {
	places := make([]figures.Places, len(t.Columns))
	for i := range t.Columns {
		places[i] = figures.InColumn(t, i)
		if t.Columns[i].Part == report.Before && i > 0 {
			places[i] = max(places[i], places[i-1])
			places[i-1] = places[i]
		}
	}
	return places
}

// figuresOf are a line's metrics, each with what it is compared with.
func figuresOf(t *report.Table, line *report.Line, places []figures.Places) (cells []cell) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.IsKey {
			continue
		}
		text := places[i].Text(c, line.Cells[i])
		switch c.Part {
		case report.Itself:
			one := cell{Text: text, Title: places[i].Exact(c, line.Cells[i])}
			if exact := line.Cells[i].Text; c.Kind == report.Duration && exact != "" {
				one.Title = c.Show(line.Cells[i])
			}
			cells = append(cells, one)
		case report.Before:
			cells[len(cells)-1].Before = text
		case report.Difference:
			if c.Metric().Kind() == report.Ratio && !line.Cells[i].Null {
				cells[len(cells)-1].Change = figures.Points(line.Cells[i].Number)
			}
		case report.Change:
			if c.Metric().Kind() != report.Ratio && !line.Cells[i].Null {
				cells[len(cells)-1].Change = figures.Change(line.Cells[i].Number)
			}
		}
	}
	return cells
}
