// Package figures turns the tables of reports into what pages show: the texts of
// cells, and the data of charts. Nothing is calculated here but how a figure is
// written, and no amount passes through a float.
package figures

import (
	"strings"
	"time"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/flow/report"
)

// Unknown stands for a figure that is not known, or not to be told.
const Unknown = "–"

// cents is what averages are rounded to: the ten-thousandth of a unit. Sums are
// told to the last digit.
const cents = int64(homing.Unit / 10_000)

// Text is a cell as pages show it.
func Text(c *report.Column, cell report.Cell) string {
	if cell.Null {
		return Unknown
	}
	switch c.Kind {
	case report.Ratio:
		return Percent(cell.Number)
	case report.Money:
		if average(c) {
			return page.Figure(homing.Money(roundTo(cell.Number, cents)))
		}
		return page.Figure(cell.Text)
	case report.Duration:
		return page.Length(time.Duration(cell.Number) * time.Millisecond)
	case report.Count:
		return page.Figure(cell.Text)
	}
	return page.Plain(cell.Text)
}

// average tells whether an amount is one per click or conversion.
func average(c *report.Column) bool {
	m := c.Metric()
	return !c.IsKey && (m == report.EPC || m == report.CPA)
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

// roundTo rounds half away from zero to a multiple of step.
func roundTo(n, step int64) int64 {
	if n < 0 {
		return -roundTo(-n, step)
	}
	return (n + step/2) / step * step
}

func abs(n int64) int64 { return max(n, -n) }
