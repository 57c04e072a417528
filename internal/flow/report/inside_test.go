package report

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/warehouse"
)

// ForgetPrint makes list questions comparable that were written differently.
func ForgetPrint(questions ...*ListQuestion) {
	for _, q := range questions {
		q.print = 0
	}
}

func TestRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		over, under int64
		text, show  string
	}{
		{1, 3, "0.333333", "33.33%"}, {2, 3, "0.666667", "66.67%"}, {-2, 3, "-0.666667", "-66.67%"},
		{5, 10_000_000, "0.00", "0.00%"}, {15, 10_000_000, "0.000002", "0.00%"}, {25, 10_000_000, "0.000002", "0.00%"},
		{35, 10_000_000, "0.000004", "0.00%"}, {-15, 10_000_000, "-0.000002", "0.00%"}, {26, 10_000_000, "0.000003", "0.00%"},
		{125, 1_000_000, "0.000125", "0.01%"}, {-175, 1_000_000, "-0.000175", "-0.02%"},
		{0, 7, "0.00", "0.00%"}, {7, 7, "1.00", "100.00%"}, {1, 2_000_000, "0.00", "0.00%"},
		{math.MaxInt64, 1, "9223372036854775807.00", "922337203685477580700.00%"},
		{math.MinInt64, 1, "-9223372036854775808.00", "-922337203685477580800.00%"},
	} {
		cell := exactCell(big.NewRat(c.over, c.under))
		column := Column{Kind: Ratio}
		if cell.Text != c.text || column.Show(cell) != c.show {
			t.Errorf("%d/%d is %s and %s, want %s and %s", c.over, c.under, cell.Text, column.Show(cell), c.text, c.show)
		}
	}
}

func TestDivisionsByNothingAreNull(t *testing.T) {
	f := noFigures()
	for _, m := range Metrics() {
		want := m.derived() || m.Kind() == Duration
		if got := m.cell(f); got.Null != want {
			t.Errorf("%s of nothing is %+v", m, got)
		}
	}
}

func TestChangeOfALossHasTheRightSign(t *testing.T) {
	loss, smaller := moneyCell(-4_000_000), moneyCell(-1_000_000)
	if c := change(smaller, loss); c.Text != "0.75" {
		t.Errorf("from %s to %s is %s", loss.Text, smaller.Text, c.Text)
	}
}

func TestParquetRefusesWhatItHasNoRoomFor(t *testing.T) {
	var out bytes.Buffer
	s := newParquet(&out, []Column{{Name: "value", Kind: Money}, {Name: "roi", Kind: Ratio}})
	if err := s.write([]Cell{moneyCell(decimalLimit - 1), null}); err != nil {
		t.Fatal(err)
	}
	for _, cells := range [][]Cell{{moneyCell(decimalLimit), null}, {moneyCell(0), exactCell(big.NewRat(math.MaxInt64, 1))}} {
		if err := s.write(cells); !errors.Is(err, homing.ErrOverloaded) {
			t.Errorf("%v: %v", cells, err)
		}
	}
}

// TestBucketsAreAllKeysOfARange asks for the key of every quarter hour.
func TestBucketsAreAllKeysOfARange(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Africa/Casablanca", "Asia/Kathmandu", "America/Sao_Paulo"}
	rapid.Check(t, func(t *rapid.T) {
		location, err := homing.LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal("no such zone")
		}
		const quarter = 900_000
		from := homing.Epoch + homing.Millis(rapid.Int64Range(0, 100_000).Draw(t, "from"))*quarter
		until := from + homing.Millis(rapid.Int64Range(1, 4000).Draw(t, "long"))*quarter
		zone := warehouse.ZoneOf(location, from, until)
		d := warehouse.Dimension(rapid.IntRange(int(warehouse.Hour), int(warehouse.Month)).Draw(t, "dimension"))
		var want []int64
		for at := from; at < until; at += quarter {
			want = append(want, zone.KeyAt(d, at))
		}
		slices.Sort(want)
		want = slices.Compact(want)
		if got := buckets(d, zone, from, until); !slices.Equal(got, want) {
			t.Fatalf("%s from %s to %s: %v, want %v", d, from, until, got, want)
		}
	})
}

// TestDaysBeginOnce: the moment before a day's start is of another day.
func TestDaysBeginOnce(t *testing.T) {
	for _, name := range append(slices.Clone(usualZones), "America/Havana", "Asia/Beirut", "America/Santiago", "Australia/Lord_Howe", "America/Asuncion") {
		zone, err := homing.LoadZone(name)
		if err != nil {
			t.Errorf("%s is suggested and not known", name)
			continue
		}
		for day := range 3 * 366 {
			date := time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC)
			start := startOfDay(2024, 1, 1+day, zone)
			if start.Format(time.DateOnly) != date.Format(time.DateOnly) || start.Add(-time.Millisecond).Format(time.DateOnly) >= date.Format(time.DateOnly) {
				t.Errorf("%s: %s begins at %s", name, date.Format(time.DateOnly), start)
			}
		}
	}
}

// TestTheFirstOfTwoMidnightsBeginsTheDay: in Amman clocks went from one back to
// midnight.
func TestTheFirstOfTwoMidnightsBeginsTheDay(t *testing.T) {
	zone, _ := homing.LoadZone("Asia/Amman")
	if start := startOfDay(2021, 10, 29, zone).UTC().Format(time.RFC3339); start != "2021-10-28T21:00:00Z" {
		t.Errorf("the day begins at %s", start)
	}
}

func TestCSVCells(t *testing.T) {
	var out bytes.Buffer
	s, err := newCSV(&out, []Column{{Name: "sub1", Kind: Text}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "a b", " a", `"`, "a,b", "=1", "a\r\nb"} {
		if err := s.write([]Cell{textCell(text)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	want := "sub1\r\n\"\"\r\na b\r\n\" a\"\r\n\"\"\"\"\r\n\"a,b\"\r\n'=1\r\n\"a\r\nb\"\r\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestAShortDayDoesNotHideTheNext: the range ends half an hour into the day
// behind a day of 23 hours.
func TestAShortDayDoesNotHideTheNext(t *testing.T) {
	location, _ := homing.LoadZone("Europe/Berlin")
	from, until := homing.MillisOf(time.Date(2026, 3, 29, 0, 0, 0, 0, location)), homing.MillisOf(time.Date(2026, 3, 30, 0, 30, 0, 0, location))
	if keys := buckets(warehouse.DayOf, warehouse.ZoneOf(location, from, until), from, until); len(keys) != 2 {
		t.Errorf("days: %v", keys)
	}
}
