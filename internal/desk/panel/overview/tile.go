package overview

import (
	"cmp"
	"math/big"
	"time"

	"homing"
	"homing/internal/desk/panel/figures"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// tile is one figure of today with what it is held against.
type tile struct {
	Title, Figure, Unit string
	Exact               string // what Figure was rounded from; empty if it was not
	Hint                string
	Against             []against
}

// against tells how a figure stands to that of another day.
type against struct {
	Difference string // "+12 %", or nothing
	Day        string // "yesterday"
	Figure     string // then
}

// hints say what figures are that go by a short name.
var hints = map[report.Metric]string{
	report.CR: "Conversions per click", report.EPC: "Value per click", report.Acceptance: "Postbacks that were not refused",
}

// tiles are the figures of the day.
func (d *day) tiles() (list []tile) {
	past := d.until.Time().In(d.zone).AddDate(0, 0, -7).Format("Monday")
	for i := range d.now.Columns {
		c := &d.now.Columns[i]
		if c.Name == "postbacks" {
			continue // is behind the acceptance
		}
		cell := d.now.Rows[0].Cells[i]
		places := figures.Decimals(c, cell, d.yesterday.Rows[0].Cells[i], d.week.Rows[0].Cells[i])
		t := tile{Title: c.Title, Figure: places.Text(c, cell), Exact: places.Exact(c, cell), Hint: hints[c.Metric()]}
		if c.Kind == report.Money && !cell.Null {
			t.Unit = d.now.Currency
		}
		for _, other := range []struct {
			table *report.Table
			name  string
		}{{d.yesterday, "yesterday"}, {d.week, "last " + past}} {
			then := other.table.Rows[0].Cells[i]
			t.Against = append(t.Against, against{difference(c, cell, then), other.name, places.Text(c, then)})
		}
		list = append(list, t)
	}
	return list
}

// difference of a figure to what it was, in words; nothing if it cannot be told.
func difference(c *report.Column, now, then report.Cell) string {
	switch {
	case now.Null || then.Null:
		return ""
	case c.Kind == report.Ratio:
		return figures.Points(now.Number - then.Number)
	case then.Number == 0:
		return ""
	}
	change := big.NewInt(now.Number - then.Number)
	change.Mul(change, big.NewInt(int64(homing.Unit)))
	change.Quo(change, new(big.Int).Abs(big.NewInt(then.Number)))
	if !change.IsInt64() {
		return ""
	}
	return figures.Change(change.Int64())
}

// quiet tells that nothing has happened today, nor on the days it is held
// against.
func (d *day) quiet() bool {
	for _, t := range []*report.Table{d.now, d.yesterday, d.week} {
		for i := range t.Columns {
			if t.Columns[i].Kind == report.Count && t.Rows[0].Cells[i].Number != 0 {
				return false
			}
		}
	}
	return true
}

// postbacks is how many calls came today.
func (d *day) postbacks() int64 {
	if i := d.now.Column("postbacks"); i >= 0 {
		return d.now.Rows[0].Cells[i].Number
	}
	return 0
}

// notes are what the questions' answers say beside their figures, each once.
// That the day is not over everybody knows.
func (d *day) notes() (list []string) {
	seen := map[string]bool{}
	for _, t := range []*report.Table{d.now, d.yesterday, d.week, d.campaigns} {
		for _, note := range t.Notes {
			if !seen[note] {
				seen[note] = true
				list = append(list, note)
			}
		}
	}
	return list
}

// campaign is a line of the campaigns that bring most.
type campaign struct {
	ID                      int64
	Name, Advertiser        string
	Clicks, Conversions, CR string
	Value, Currency         string
	Share                   int64 // of the most conversions, or clicks, in percent
}

// top lists campaigns, with whose they are if the page is about several
// advertisers.
func (d *day) top(v *page.Visit) (list []campaign) {
	t := d.campaigns
	most := [2]int64{}
	column := func(line *report.Line, name string) (*report.Column, report.Cell) {
		i := t.Column(name)
		return &t.Columns[i], line.Cells[i]
	}
	number := func(line *report.Line, name string) int64 { _, cell := column(line, name); return cell.Number }
	text := func(line *report.Line, name string) string {
		if t.Column(name) < 0 {
			return ""
		}
		c, cell := column(line, name)
		return figures.InColumn(t, t.Column(name)).Text(c, cell)
	}
	for i := range t.Rows {
		most[0] = max(most[0], number(&t.Rows[i], "conversions"))
		most[1] = max(most[1], number(&t.Rows[i], "clicks"))
	}
	for i := range t.Rows {
		line := &t.Rows[i]
		c := campaign{
			ID: line.Keys[0].Number, Name: line.Cells[1].Text, Clicks: text(line, "clicks"), Conversions: text(line, "conversions"),
			CR: text(line, "cr"), Value: text(line, "value"),
		}
		if c.Value != figures.Unknown {
			c.Currency = cmp.Or(text(line, "currency"), t.Currency)
		}
		if known := v.View.Campaign(homing.CampaignID(c.ID)); known != nil && v.Account == nil {
			c.Advertiser = known.Owner.Name
		}
		if most[0] > 0 {
			c.Share = number(line, "conversions") * 100 / most[0]
		} else if most[1] > 0 {
			c.Share = number(line, "clicks") * 100 / most[1]
		}
		list = append(list, c)
	}
	return list
}

// charts are the day by the hour: clicks and conversions, each beside
// yesterday's.
func (d *day) charts() (list []*figures.Chart) {
	whole := figures.ChartOf(d.hours, d.until)
	if whole == nil {
		return nil
	}
	for _, s := range whole.Series {
		one := *whole
		one.Now, one.Then, one.Series = "Today", "Yesterday", []figures.Series{s}
		one.Summary = "%s by hour, today and yesterday, up to " + d.until.Time().In(d.zone).Format(time.TimeOnly) + "."
		list = append(list, &one)
	}
	return list
}
