// Package figures turns the tables of reports into what pages show: the texts of
// cells, and the data of charts. Nothing is calculated here but how a figure is
// written, and no amount passes through a float.
package figures

import (
	"math"
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// Unknown stands for a figure that is not known, or not to be told.
const Unknown = "–"

// Places is how many decimals the amounts of a column are shown with, so that
// they stand below each other. It is even over the column, and exact figures are
// a title or a file away; see Exact.
type Places int

// Decimals finds the places for some cells of a column: two at least, four for
// what a click is worth, and so many that the smallest amount keeps two digits.
func Decimals(c *report.Column, cells ...report.Cell) Places {
	places := Places(2)
	if !c.IsKey && c.Metric() == report.EPC {
		places = 4
	}
	for _, cell := range cells {
		if c.Kind != report.Money || cell.Null || cell.Number == 0 {
			continue
		}
		for places < 6 && abs(cell.Number) < pow10(7-int(places)) {
			places++
		}
	}
	return places
}

// InColumn finds the places for a column of a table, and for what it is compared
// with.
func InColumn(t *report.Table, column int) Places {
	var cells []report.Cell
	for i := range t.Rows {
		cells = append(cells, t.Rows[i].Cells[column])
	}
	return Decimals(&t.Columns[column], append(cells, t.Total.Cells[column])...)
}

// Exact is what a shown cell was rounded from; "" if it is told as it is.
func (p Places) Exact(c *report.Column, cell report.Cell) string {
	if c.Kind != report.Money || cell.Null || roundTo(cell.Number, pow10(6-int(p))) == cell.Number {
		return ""
	}
	return page.Figure(cell.Text)
}

func pow10(n int) int64 {
	power := int64(1)
	for range n {
		power *= 10
	}
	return power
}

// Text is a cell as pages show it.
func (p Places) Text(c *report.Column, cell report.Cell) string {
	if cell.Null {
		return Unknown
	}
	switch c.Kind {
	case report.Ratio:
		return Percent(cell.Number)
	case report.Money:
		return page.Figure(p.fixed(cell.Number))
	case report.Duration:
		return page.Length(time.Duration(cell.Number) * time.Millisecond)
	case report.Count:
		return page.Figure(cell.Text)
	}
	return page.Plain(cell.Text)
}

// fixed writes an amount in micro-units, rounded to the places.
func (p Places) fixed(micros int64) string {
	text := homing.Money(roundTo(micros, pow10(6-int(p)))).String()
	_, decimals, _ := strings.Cut(text, ".")
	return text + strings.Repeat("0", max(0, int(p)-len(decimals)))
}

// Percent writes millionths in percent, with two decimals: 21,500 is "2.15 %".
func Percent(millionths int64) string {
	return hundredths(roundTo(millionths, 100)/100) + "\u00a0%"
}

// Points writes the difference of two ratios, in millionths: "+0.30 points".
func Points(millionths int64) string {
	return signed(hundredths(roundTo(millionths, 100)/100), millionths) + "\u00a0points"
}

// Change writes a change in percent without decimals: "+12 %". A change by more
// than ten times is told as how many times it is.
func Change(millionths int64) string {
	if millionths >= 10*int64(homing.Unit) {
		return "× " + page.Figure((millionths+int64(homing.Unit)*3/2)/int64(homing.Unit))
	}
	whole := roundTo(millionths, 10_000) / 10_000
	if whole == 0 {
		return "±0\u00a0%"
	}
	return signed(page.Figure(abs(whole)), whole) + "\u00a0%"
}

func signed(text string, of int64) string {
	text = strings.TrimPrefix(text, "−")
	switch {
	case of > 0:
		return "+" + text
	case of < 0:
		return "−" + text
	}
	return text
}

// hundredths writes n / 100.
func hundredths(n int64) string {
	text := homing.Money(n * int64(homing.Unit) / 100).String()
	return page.Figure(text)
}

// roundTo rounds half away from zero to a multiple of step. What is too large for
// that is cut.
func roundTo(n, step int64) int64 {
	switch {
	case n < 0 && n != math.MinInt64:
		return -roundTo(-n, step)
	case n > math.MaxInt64-step:
		return n / step * step
	}
	return (n + step/2) / step * step
}

func abs(n int64) int64 { return max(n, -n) }
