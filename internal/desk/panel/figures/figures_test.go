package figures_test

import (
	"testing"

	"homing/internal/desk/panel/figures"
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
