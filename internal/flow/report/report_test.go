package report_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// twoDays are clicks and conversions of two campaigns of one account on two days.
func twoDays(s *stage) {
	for range 3 {
		s.click("2026-11-20T10:00:00Z", 11, nil)
	}
	o := s.click("2026-11-20T11:00:00Z", 11, nil)
	s.convert(o, time.Hour, 2_000_000, nil)
	p := s.click("2026-11-21T11:00:00Z", 12, nil)
	s.convert(p, 2*time.Hour, 1_500_001, func(c *warehouse.Conversion) { c.Status, c.Price = homing.Pending, 250_000 })
	s.convert(p, 3*time.Hour, 9_000_000, func(c *warehouse.Conversion) { c.Status, c.Goal, c.Lead = homing.Rejected, 1, "x" })
	s.refuse("2026-11-21T12:00:00Z", 1)
	s.load()
}

func TestReportWritesEveryMetric(t *testing.T) {
	s := open(t)
	twoDays(s)
	table := s.ask(report.Scope{}, "by=day,campaign&from=2026-11-20&to=2026-11-21&metrics=clicks,unique_clicks,bot_clicks,conversions,approved,"+
		"pending,rejected,late,postbacks,duplicates,refusals,value,cost,profit,cr,epc,cpa,roi,time_median,time_p90,acceptance&order=day,campaign")
	var text strings.Builder
	if err := table.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	expect(t, text.String(), `
day         campaign  campaign_name  clicks  unique_clicks  bot_clicks  conversions  approved  pending  rejected  late  postbacks  duplicates  refusals     value  cost    profit       cr       epc   cpa      roi  time_median  time_p90  acceptance
2026-11-20        11  Apples              4              4           0            1         1        0         0     0          1           0         0      2.00  0.20      1.80   25.00%      0.50  0.20  900.00%       1h0m0s    1h0m0s     100.00%
2026-11-21         0  -                   0              0           0            0         0        0         0     0          1           0         1      0.00  0.00      0.00        -         -     -        -            -         -       0.00%
2026-11-21        12  Apricots            1              1           0            1         0        1         1     0          2           0         0  1.500001  0.30  1.200001  100.00%  1.500001  0.30  400.00%       2h0m0s    2h0m0s     100.00%
total                                     5              5           0            2         1        1         1     0          4           0         1  3.500001  0.50  3.000001   40.00%      0.70  0.25  600.00%       1h0m0s    2h0m0s      75.00%

Amounts in USD, times in UTC.
`)
	m := s.answer(table)
	row := m["rows"].([]any)[2].(map[string]any)
	for name, want := range map[string]any{
		"day": "2026-11-21", "campaign": 12.0, "campaign_name": "Apricots", "clicks": 1.0, "value": "1.500001", "cr": "1.00", "roi": "4.000003",
		"time_median": 7_200_000.0, "acceptance": "1.00",
	} {
		if row[name] != want {
			t.Errorf("%s is %v, want %v", name, row[name], want)
		}
	}
	if totals := m["totals"].(map[string]any); totals["epc"] != "0.70" || totals["day"] != nil || m["currency"] != "USD" || m["rest"] != nil {
		t.Errorf("totals %v, currency %v, rest %v", totals, m["currency"], m["rest"])
	}
	if m["from"] != "2026-11-20T00:00:00Z" || m["to"] != "2026-11-22T00:00:00Z" || m["as_of"] != "2026-11-22T12:00:00.000Z" {
		t.Errorf("from %v to %v as of %v", m["from"], m["to"], m["as_of"])
	}
}

func TestRestIsWhatRowsLeaveOut(t *testing.T) {
	s := open(t)
	for i, sub := range []string{"a", "a", "a", "b", "b", "c", "d"} {
		o := s.click("2026-11-21T10:00:00Z", 11, sub1(sub))
		s.convert(o, time.Duration(i+1)*time.Minute, 1_000_000, nil)
	}
	s.click("2026-11-21T10:00:00Z", 11, sub1("e"))
	s.load()
	table := s.ask(report.Scope{}, "by=sub1&metrics=clicks,conversions,value,cr,time_median,time_p90&limit=2")
	expect(t, figures(table, "sub1", "clicks", "conversions", "value", "cr", "time_median", "time_p90"), `
		row a 3 3 3.00 1.00 120000 180000
		row b 2 2 2.00 1.00 240000 300000
		rest null 3 2 2.00 0.666667 360000 420000
		total null 8 7 7.00 0.875 240000 420000
	`)
	if s.ask(report.Scope{}, "by=sub1&limit=5").Rest != nil {
		t.Error("there is a rest of nothing")
	}
}

func TestOrders(t *testing.T) {
	s := open(t)
	for sub, conversions := range map[string]int{"a": 0, "b": 1, "c": 2} {
		o := s.click("2026-11-21T10:00:00Z", 11, sub1(sub))
		for i := range conversions {
			s.convert(o, time.Hour, 1_000_000, func(c *warehouse.Conversion) { c.Lead = string(rune('a' + i)) })
		}
	}
	// A refusal that names a click is of the click's sub1.
	refused := s.batch.Postbacks[0]
	for _, p := range s.batch.Postbacks {
		if i := slices.IndexFunc(s.batch.Clicks, func(c warehouse.Click) bool { return c.Origin == p.Origin }); s.batch.Clicks[i].Facets[warehouse.FacetSub1] == "c" {
			refused = p
		}
	}
	refused.Number, refused.Conversion = 1000, 0
	refused.Verdict = homing.Verdict{Outcome: homing.Refused, Reason: homing.ReasonValueZero}
	s.batch.Postbacks = append(s.batch.Postbacks, refused)
	s.load()
	for order, want := range map[string]string{
		"-cr": "c b a", "cr": "a b c", "-sub1": "c b a", "sub1": "a b c", "-epc,sub1": "c b a",
		"cpa":         "c b a",                        // a has none, and comes last
		"-acceptance": "b c a", "acceptance": "c b a", // c had a refusal, a had no call
	} {
		var got []string
		for _, row := range s.ask(report.Scope{}, "by=sub1&order="+order).Rows {
			got = append(got, row.Cells[0].Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("by %s: %v, want %s", order, got, want)
		}
	}
}

func TestHoursOfShortAndLongDays(t *testing.T) {
	for day, want := range map[string]int{"2026-03-29": 23, "2026-10-25": 25, "2026-06-01": 24} {
		s := open(t)
		start := at(day + "T00:00:00+01:00")
		if day != "2026-03-29" {
			start = at(day + "T00:00:00+02:00")
		}
		for h := range want {
			s.click(start.Time().Add(time.Duration(h)*time.Hour).Format(time.RFC3339), 11, nil)
		}
		s.load()
		table := s.ask(report.Scope{}, "by=hour&metrics=clicks&tz=Europe/Berlin&fill=1&from="+day+"&to="+day)
		if len(table.Rows) != want {
			t.Errorf("%s has %d hours, want %d", day, len(table.Rows), want)
		}
		seen := map[string]bool{}
		for _, row := range table.Rows {
			if row.Cells[1].Text != "1" || seen[row.Cells[0].Text] {
				t.Errorf("%s: hour %s has %s clicks", day, row.Cells[0].Text, row.Cells[1].Text)
			}
			seen[row.Cells[0].Text] = true
		}
		if day == "2026-10-25" && (!seen["2026-10-25T02:00:00+02:00"] || !seen["2026-10-25T02:00:00+01:00"]) {
			t.Error("two o'clock is not there twice")
		}
		if got := figures(s.ask(report.Scope{}, "by=day&metrics=clicks&tz=Europe/Berlin&from="+day+"&to="+day), "day", "clicks"); !strings.HasPrefix(got, "row "+day+" ") || strings.Count(got, "row") != 1 {
			t.Errorf("by day: %s", got)
		}
	}
}

func TestTimesHaveLabels(t *testing.T) {
	s := open(t)
	s.click("2027-01-01T23:30:00Z", 11, nil) // Saturday in Tokyo, of the last week of 2026
	s.load()
	table := s.ask(report.Scope{}, "by=week,month,hour_of_day,weekday&metrics=clicks&tz=Asia/Tokyo&from=2026-12-01&to=2027-02-01")
	expect(t, figures(table, "week", "week_from", "month", "hour_of_day", "weekday", "clicks"), `
		row 2026-W53 2026-12-28 2027-01 8 6 1
		total null null null null null 1
	`)
}

func TestFilledReportsHaveEveryBucket(t *testing.T) {
	s := open(t)
	s.click("2026-11-20T10:00:00Z", 11, nil)
	s.load()
	expect(t, figures(s.ask(report.Scope{}, "by=day&metrics=clicks,cr,time_median&fill=1&from=2026-11-19&to=2026-11-21"), "day", "clicks", "cr", "time_median"), `
		row 2026-11-19 0 null null
		row 2026-11-20 1 0.00 null
		row 2026-11-21 0 null null
		total null 1 0.00 null
	`)
	if rows := s.ask(report.Scope{}, "by=weekday&order=-weekday&metrics=clicks&fill=1").Rows; len(rows) != 7 || rows[0].Cells[0].Text != "7" {
		t.Errorf("weekdays: %v", rows)
	}
}

func TestComparesDayWithDay(t *testing.T) {
	s := open(t)
	for day, clicks := range map[string]int{"09": 1, "10": 4, "11": 2, "16": 2, "17": 2, "19": 1} {
		for range clicks {
			o := s.click("2026-11-"+day+"T10:00:00Z", 11, nil)
			s.convert(o, time.Minute, 1_000_000, nil)
		}
	}
	s.load()
	table := s.ask(report.Scope{}, "by=day&metrics=clicks,value&from=2026-11-16&to=2026-11-19&compare=last_week")
	expect(t, figures(table, "day", "day_before", "clicks", "clicks_before", "clicks_difference", "clicks_change", "value_difference"), `
		row 2026-11-16 2026-11-09 2 1 1 1.00 1.00
		row 2026-11-17 2026-11-10 2 4 -2 -0.50 -2.00
		row 2026-11-19 2026-11-12 1 0 1 null 1.00
		rest null null 0 2 -2 -1.00 -2.00
		total null null 5 7 -2 -0.285714 -2.00
	`)
	if m := s.answer(table); m["compare"].(map[string]any)["from"] != "2026-11-09T00:00:00Z" {
		t.Errorf("compared with %v", m["compare"])
	}
}

func TestComparesKeysWithThemselvesAndExactRatios(t *testing.T) {
	s := open(t)
	clicks := func(day string, n, converted int, sub string) {
		for i := range n {
			o := s.click("2026-11-"+day+"T10:00:00Z", 11, sub1(sub))
			if i < converted {
				s.convert(o, time.Duration(i+1)*time.Minute, 1_000_000, nil)
			}
		}
	}
	clicks("20", 3, 1, "a")
	clicks("20", 5, 0, "gone")
	clicks("21", 7, 2, "a")
	clicks("21", 2, 2, "new")
	s.load()
	table := s.ask(report.Scope{}, "by=sub1&metrics=clicks,cr,time_median&from=2026-11-21&to=2026-11-21&compare=previous&order=sub1")
	expect(t, figures(table, "sub1", "clicks", "clicks_before", "cr", "cr_before", "cr_difference", "cr_change", "time_median", "time_median_before"), `
		row a 7 3 0.285714 0.333333 -0.047619 -0.142857 60000 60000
		row new 2 0 1.00 null null null 60000 null
		rest null 0 5 null 0.00 null null null null
		total null 9 8 0.444444 0.125 0.319444 2.555556 60000 60000
	`)
}

func TestCompareAcrossTheClockChange(t *testing.T) {
	s := open(t)
	s.load()
	table := s.ask(report.Scope{}, "by=hour&fill=1&metrics=clicks&tz=Europe/Berlin&from=2026-10-25&to=2026-10-25&compare=previous")
	last := table.Rows[24]
	if len(table.Rows) != 25 || !last.Cells[1].Null || !last.Cells[3].Null || table.Rows[23].Cells[1].Text != "2026-10-24T23:00:00+02:00" {
		t.Errorf("%d rows, the last %v, before it %v", len(table.Rows), last.Cells, table.Rows[23].Cells)
	}
}

func TestCurrenciesAreNeverAddedUp(t *testing.T) {
	s := openWith(t, several())
	for _, campaign := range []homing.CampaignID{11, 21, 31} {
		s.convert(s.click("2026-11-21T10:00:00Z", campaign, nil), time.Minute, 1_000_000, nil)
	}
	s.load()
	all := s.ask(report.Scope{}, "by=country&metrics=clicks,value,epc,roi")
	expect(t, figures(all, "country", "clicks", "value", "epc", "roi"), `
		row DE 3 null null null
		total null 3 null null null
	`)
	if all.Currency != "" || len(all.Notes) != 1 || !strings.Contains(all.Notes[0], "several currencies") {
		t.Errorf("currency %q, notes %v", all.Currency, all.Notes)
	}
	expect(t, figures(s.ask(report.Scope{}, "by=campaign&metrics=value,roi&order=campaign"), "campaign", "currency", "value", "roi"), `
		row 11 USD 1.00 19.00
		row 21 USD 1.00 19.00
		row 31 EUR 1.00 19.00
		total null null null null
	`)
	for _, where := range []string{"account=1,2", "campaign=11", "account!=3", "account=1&where=campaign=11"} {
		if table := s.ask(report.Scope{}, "by=country&metrics=value&where="+where); table.Currency != "USD" || table.Total.Cells[1].Null {
			t.Errorf("%s: currency %q", where, table.Currency)
		}
	}
	if table := s.ask(report.Scope{Account: 3}, "by=country&metrics=value"); table.Currency != "EUR" || table.Total.Cells[1].Text != "1.00" {
		t.Errorf("of one account: %q %v", table.Currency, table.Total)
	}
}

func TestScopeHidesEverythingElse(t *testing.T) {
	s := openWith(t, several())
	for _, campaign := range []homing.CampaignID{11, 21, 31} {
		s.convert(s.click("2026-11-21T10:00:00Z", campaign, sub1(owners[campaign].String())), time.Minute, 1_000_000, nil)
		s.refuse("2026-11-21T11:00:00Z", owners[campaign])
	}
	s.load()
	mine := report.Scope{Account: 1}
	for _, query := range []string{"by=account,campaign,sub1", "by=goal,country&where=goal=0", "by=none&compare=previous", "by=day,reason&metrics=clicks,postbacks,refusals&basis=click"} {
		table := s.ask(mine, query)
		if clicks := table.Total.Cells[table.Column("clicks")].Text; clicks != "1" {
			t.Errorf("%s: %s clicks", query, clicks)
		}
		for _, row := range table.Rows {
			for _, c := range row.Cells {
				if strings.Contains("=Bolt Crane Bananas Cherries 21 31", c.Text) && len(c.Text) > 1 {
					t.Errorf("%s shows %s", query, c.Text)
				}
			}
		}
	}
	// What is another's is told exactly as what is not there at all.
	for _, pair := range [][2]string{{"account=2", "account=7"}, {"campaign=21", "campaign=77"}} {
		theirs, none := s.answer(s.ask(mine, "by=campaign&where="+pair[0])), s.answer(s.ask(mine, "by=campaign&where="+pair[1]))
		delete(theirs, "where")
		delete(none, "where")
		a, b := strings.ReplaceAll(toText(t, theirs), pair[0][len(pair[0])-1:], "#"), strings.ReplaceAll(toText(t, none), pair[1][len(pair[1])-1:], "#")
		a, b = strings.ReplaceAll(a, "2#", "##"), strings.ReplaceAll(b, "7#", "##")
		if theirs["notes"].([]any)[0] == "" || len(theirs["rows"].([]any)) != 0 || len(a) != len(b) {
			t.Errorf("%s and %s differ:\n%s\n%s", pair[0], pair[1], a, b)
		}
	}
}

func TestHiddenMoneyIsGoneAndNotSortedBy(t *testing.T) {
	s := open(t)
	twoDays(s)
	blind := report.Scope{Account: 1, HideMoney: true}
	table := s.ask(blind, "by=day")
	for _, c := range table.Columns {
		if c.Kind == report.Money {
			t.Errorf("column %s is there", c.Name)
		}
	}
	for _, query := range []string{"metrics=clicks,epc", "metrics=roi", "order=-value", "order=cpa"} {
		_, err := s.Report(t.Context(), blind, s.question(query))
		var faults *report.Faults
		if !errors.As(err, &faults) || !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestNotesSayWhatIsMissing(t *testing.T) {
	s := open(t)
	twoDays(s)
	if err := s.model.Drop(t.Context(), warehouse.ClickTable, warehouse.DayAt(at("2026-11-21T00:00:00Z"))); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"by=sub1": "rows of clicks before 2026-11-21",
		"by=day&where=campaign=99&from=2026-11-21": "There is no campaign 99.",
		"by=day&where=sub1=nobody&from=2026-11-21": "Nothing in the range fits",
	} {
		if notes := s.ask(report.Scope{}, query).Notes; !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("%s: %v", query, notes)
		}
	}
	if notes := s.ask(report.Scope{}, "by=day").Notes; len(notes) != 0 {
		t.Errorf("notes without need: %v", notes)
	}
	s.Fresh = func() homing.Millis { return now - 60_000 }
	if notes := s.ask(report.Scope{}, "by=day&tz=Asia/Tokyo").Notes; len(notes) != 1 || !strings.Contains(notes[0], "complete up to 2026-11-22T20:59:00+09:00") {
		t.Errorf("a lag is not told: %v", notes)
	}
	if notes := s.ask(report.Scope{}, "by=day&range=yesterday").Notes; len(notes) != 0 {
		t.Errorf("the lag does not concern yesterday: %v", notes)
	}
}

func TestGoalsHaveTheirCampaignsWord(t *testing.T) {
	s := open(t)
	for _, campaign := range []homing.CampaignID{11, 12} {
		s.convert(s.click("2026-11-21T10:00:00Z", campaign, nil), time.Minute, 1_000_000, func(c *warehouse.Conversion) { c.Goal = 1 })
	}
	s.load()
	for query, want := range map[string]string{
		"by=goal":                         "row 1 \n",
		"by=goal&where=campaign=12":       "row 1 Lead\n",
		"by=goal,campaign&order=campaign": "row 1 Sale\nrow 1 Lead\n",
	} {
		got := figures(s.ask(report.Scope{}, query+"&metrics=conversions"), "goal", "goal_name")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", query, got)
		}
	}
}

// TestManyGroupsAreComparedInParts: a query names ten thousand keys at most.
func TestManyGroupsAreComparedInParts(t *testing.T) {
	const groups = 5500
	s := open(t)
	for i := range groups {
		s.click("2026-11-20T10:00:00Z", 11, sub1(strconv.Itoa(i)))
		o := s.click("2026-11-21T10:00:00Z", 11, sub1(strconv.Itoa(i)))
		if i%100 == 0 {
			s.convert(o, time.Minute, 1, nil)
		}
	}
	s.click("2026-11-21T10:00:00Z", 11, sub1("once"))
	s.load()
	table := s.ask(report.Scope{}, "by=sub1&metrics=clicks,time_median&range=yesterday&compare=previous&limit=5500&order=sub1")
	for _, row := range table.Rows {
		if row.Cells[table.Column("clicks")].Text != "1" || row.Cells[table.Column("clicks_before")].Text != "1" {
			t.Fatalf("%v", row.Cells)
		}
	}
	if len(table.Rows) != groups || table.Rest == nil || len(table.Notes) != 1 || !strings.Contains(table.Notes[0], "is not told") {
		t.Errorf("%d rows, rest %v, notes %v", len(table.Rows), table.Rest, table.Notes)
	}
}
