package figures_test

import (
	"math"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/panel/figures"
	"homing/internal/flow/report"
)

func TestHowFiguresAreWritten(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{figures.Percent(21_500), "2.15\u00a0%"},
		{figures.Percent(1_000_000), "100.00\u00a0%"},
		{figures.Percent(-123_449), "−12.34\u00a0%"},
		{figures.Percent(12_345_000_000), "1,234,500.00\u00a0%"},
		{figures.Points(3_000), "+0.30\u00a0points"},
		{figures.Points(-31_415), "−3.14\u00a0points"},
		{figures.Points(0), "0.00\u00a0points"},
		{figures.Change(120_000), "+12\u00a0%"},
		{figures.Change(-1_000_000), "−100\u00a0%"},
		{figures.Change(4_999), "±0\u00a0%"},
		{figures.Change(11_000_000), "× 12"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// The amounts of a column have the same decimals, whatever they are, and none is
// rounded to nothing.
func TestAmountsStandBelowEachOther(t *testing.T) {
	money := &report.Column{Name: "value", Kind: report.Money, IsKey: true}
	cell := func(micros int64) report.Cell {
		return report.Cell{Number: micros, Text: homing.Money(micros).String()}
	}
	for _, c := range []struct {
		micros []int64
		want   string
	}{
		{[]int64{1_500_000, 0, 1_234_567_890_000}, "1.50 0.00 1,234,567.89"},
		{[]int64{2_105_000, 3_000_000}, "2.11 3.00"},
		{[]int64{-2_105_000, 50_000}, "−2.105 0.050"},
		{[]int64{1_000_000, 1_234}, "1.0000 0.0012"},
		{[]int64{7, 12_000_000}, "0.000007 12.000000"},
		{[]int64{math.MaxInt64, math.MinInt64 + 1}, "9,223,372,036,854.77 −9,223,372,036,854.77"},
		{nil, ""},
	} {
		var cells []report.Cell
		for _, m := range c.micros {
			cells = append(cells, cell(m))
		}
		places := figures.Decimals(money, cells...)
		var got []string
		for _, one := range cells {
			got = append(got, places.Text(money, one))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%d are shown as %q, want %q", c.micros, got, c.want)
		}
	}
	places := figures.Decimals(money, cell(2_105_000))
	if got := places.Exact(money, cell(2_105_000)); got != "2.105" {
		t.Errorf("the exact amount is %q", got)
	}
	if got := places.Exact(money, cell(2_100_000)); got != "" {
		t.Errorf("what was not rounded is told again: %q", got)
	}
	if got := places.Text(money, report.Cell{Null: true}); got != figures.Unknown {
		t.Errorf("what is not known is %q", got)
	}
}
