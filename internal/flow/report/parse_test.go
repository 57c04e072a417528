package report_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

func toText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func faultsOf(t *testing.T, query string) []report.Fault {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	_, err = report.Parse(values, report.Defaults{Now: now})
	var faults *report.Faults
	if !errors.As(err, &faults) || !errors.Is(err, homing.ErrInvalid) {
		t.Fatalf("%s: %v", query, err)
	}
	return faults.List
}

func TestFaultsNameTheFieldAndWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ query, field, problem, allowed string }{
		{"metrics=click", "metrics", `unknown metric "click": did you mean clicks?`, "unique_clicks"},
		{"metrics=clicks,clicks", "metrics", "given twice", ""},
		{"metrics=clicks,,cr", "metrics", "nothing between two commas", ""},
		{"metrics=xyzzy", "metrics", `unknown metric "xyzzy"`, "clicks"},
		{"by=contry", "by", "did you mean country?", "country"},
		{"by=day,week,month,hour,campaign", "by", "at most 4", ""},
		{"sortby=x", "sortby", "unknown parameter", "order"},
		{"metric=clicks", "metric", "did you mean metrics?", "by"},
		{"tz=Local", "tz", "unknown time zone", ""},
		{"tz=right/Europe/Berlin", "tz", "unknown time zone", ""},
		{"tz=europe/berlin", "tz", "did you mean Europe/Berlin?", ""},
		{"tz=Mars/Olympus", "tz", "want UTC or an IANA name", ""},
		{"tz=../../etc/passwd", "tz", "unknown time zone", ""},
		{"range=last_week_or_so", "range", "unknown range", "last_week"},
		{"range=today&from=2026-01-01", "range", "either range, or from and to", ""},
		{"from=2026-02-30", "from", "is no time", ""},
		{"to=2026-02-01", "from", "without from", ""},
		{"from=2026-11-02&to=2026-11-01", "to", "backwards", ""},
		{"from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z", "to", "empty", ""},
		{"from=2023-12-01&to=2026-11-01", "from", "before 2024", ""},
		{"from=2024-01-01&to=2044-01-02&by=month", "to", "20 years", ""},
		{"from=2150-01-01&to=2164-01-02&by=month", "to", "last time of a click id", ""},
		{"from=2024-01-01&to=2026-11-01&by=hour", "by", "at most 10000 are possible: day would fit", ""},
		{"basis=clicks", "basis", "did you mean click?", "conversion"},
		{"order=-valu", "order", "did you mean value?", "value"},
		{"order=country&by=day", "order", "not broken down by country", "day"},
		{"limit=0", "limit", "1 to 100000", ""},
		{"limit=100001", "limit", "1 to 100000", ""},
		{"limit=1e3", "limit", "no number", ""},
		{"compare=last_decade", "compare", "unknown range", "last_year"},
		{"compare=1999-01-01", "compare", "before 2000", ""},
		{"compare=9999-12-31", "compare", "after the last time of a click id", ""},
		{"fill=1&by=country", "fill", "single dimension of time", ""},
		{"fill=1&by=day&limit=3", "limit", "leave limit or fill out", ""},
		{"fill=1&by=day&order=clicks", "order", "order of time", ""},
		{"fill=yes", "fill", "unknown value", "1"},
		{"by=day&by=week", "by", "given twice", ""},
		{"where=country", "where", "no operator", "~="},
		{"where=country<3", "where", "no operator", "!="},
		{"where=contry=DE", "where", "did you mean country?", "sub1"},
		{"where=country=Germany", "where", "two letters", ""},
		{"where=device=phone", "where", "unknown device", "mobile"},
		{"where=reason=late_arrival", "where", "unknown reason", "duplicate"},
		{"where=weekday=0", "where", "1 (Monday) to 7", ""},
		{"where=hour_of_day=24", "where", "0 to 23", ""},
		{"where=campaign=Apples", "where", "want its number", ""},
		{"where=campaign=-1", "where", "want its number", ""},
		{"where=campaign=4294967296", "where", "want its number", ""},
		{"where=campaign^=1", "where", "only = and != compare", ""},
		{"where=day=2026-11-01", "where", "narrowed by from and to", ""},
		{"where=sub1^=", "where", "nothing behind", ""},
		{"where=sub1~=a,b", "where", `written \,`, ""},
		{`where=sub1=a\b`, "where", "neither a comma nor a backslash", ""},
		{`where=sub1=a\`, "where", "stands at the end", ""},
		{"where=sub1=%ff", "where", "not UTF-8", ""},
	} {
		found := false
		faults := faultsOf(t, c.query)
		for _, f := range faults {
			found = found || f.Field == c.field && strings.Contains(f.Problem, c.problem) &&
				(c.allowed == "" || strings.Contains(","+strings.Join(f.Allowed, ",")+",", ","+c.allowed+","))
		}
		if !found || len(faults) != 1 {
			t.Errorf("%s: %+v", c.query, faults)
		}
	}
	if faults := faultsOf(t, "where=sub1="+numbered(3000)+"&where=sub2="+numbered(3000)); len(faults) != 1 || !strings.Contains(faults[0].Problem, "6000 values") {
		t.Errorf("too many values: %v", faults)
	}
	if faults := faultsOf(t, "by=a1&metrics=b1&tz=c1&range=d1&order=e1&where=f1&limit=g1&basis=h1&zz=1"); len(faults) != 9 {
		t.Errorf("not all faults at once: %+v", faults)
	}
}

func numbered(n int) string {
	var texts []string
	for i := range n {
		texts = append(texts, strconv.Itoa(i))
	}
	return strings.Join(texts, ",")
}

func TestRanges(t *testing.T) {
	for _, c := range []struct{ query, from, until string }{
		{"", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"range=today", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"range=yesterday&tz=Asia/Tokyo", "2026-11-20T15:00:00Z", "2026-11-21T15:00:00Z"},
		{"range=this_week", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"range=last_week", "2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"},
		{"range=this_month", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{"range=last_month&tz=Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
		{"range=last_30_days", "2026-10-24T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"from=2026-03-29&to=2026-03-29&tz=Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"from=2026-03-29T00:00:00Z&to=2026-03-29T12:00:00%2B02:00", "2026-03-29T00:00:00Z", "2026-03-29T10:00:00Z"},
		{"from=2026-03-29T00:00:00Z&to=2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00Z", "2026-03-29T10:00:00Z"},
		{"from=24h", "2026-11-21T12:00:00Z", "2026-11-22T12:15:00Z"},
		{"from=2d&to=1d", "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z"},
		{"from=2026-11-20", "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z"},
		// At midnight the clocks of Beirut go forward, and those of Havana back.
		{"from=2026-03-29&to=2026-03-29&tz=Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"},
		{"from=2026-11-01&to=2026-11-01&tz=America/Havana", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
	} {
		q := open(t).question(c.query)
		if q.From != at(c.from) || q.Until != at(c.until) {
			t.Errorf("%s: %s to %s, want %s to %s", c.query, q.From, q.Until, c.from, c.until)
		}
	}
}

func TestOtherRanges(t *testing.T) {
	for _, c := range []struct{ query, from, until string }{
		{"range=this_month&compare=previous", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"},
		{"range=last_7_days&compare=previous", "2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"},
		{"from=2026-03-01&to=2026-03-31&compare=last_month", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"from=2026-03-01&to=2026-03-31&compare=last_week", "2026-02-22T00:00:00Z", "2026-03-25T00:00:00Z"},
		{"from=2026-03-30&to=2026-03-30&compare=last_month", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"from=2028-02-29&to=2028-02-29&compare=last_year", "2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z"},
		{"from=2026-11-20T10:00:00Z&to=2026-11-20T12:30:00Z&compare=previous", "2026-11-20T07:30:00Z", "2026-11-20T10:00:00Z"},
		{"from=2026-11-20&to=2026-11-21&compare=2026-07-01", "2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z"},
		{"from=2026-10-25&to=2026-10-25&tz=Europe/Berlin&compare=previous", "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z"},
	} {
		q := open(t).question(c.query)
		if q.OtherFrom != at(c.from) || q.OtherUntil != at(c.until) {
			t.Errorf("%s: %s to %s, want %s to %s", c.query, q.OtherFrom, q.OtherUntil, c.from, c.until)
		}
	}
}

// someText draws texts that are hard to write into a condition.
var someText = rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune(`,\=!^~ a&%+`)), rapid.Rune()))

func drawConditions(t *rapid.T, lists bool) (texts []string) {
	for range rapid.IntRange(0, 3).Draw(t, "conditions") {
		d := warehouse.Dimension(rapid.IntRange(0, warehouse.DimensionCount-1).Draw(t, "dimension"))
		if d.IsTime() && (lists || d < warehouse.HourOfDay) {
			continue
		}
		c := report.Condition{Dimension: d, Op: warehouse.Op(rapid.IntRange(0, 1).Draw(t, "op"))}
		facet, _ := d.Facet()
		free := !d.IsNumber() && d != warehouse.Reason && facet != warehouse.FacetDevice && facet != warehouse.FacetCountry && facet != warehouse.FacetLanguage
		if free && rapid.Bool().Draw(t, "pattern") {
			c.Op += 2
		}
		count := 1
		if c.Op < 2 {
			count = rapid.IntRange(1, 3).Draw(t, "keys")
		}
		for range count {
			var k warehouse.Key
			switch {
			case d.IsNumber():
				k.Number = rapid.Int64Range(1, 7).Draw(t, "number")
			case d == warehouse.Reason:
				k.Text = rapid.SampledFrom(homing.Reasons()).Draw(t, "reason").String()
			case facet == warehouse.FacetDevice, facet == warehouse.FacetCountry, facet == warehouse.FacetLanguage:
				k.Text = ""
			default:
				k.Text = strings.ToValidUTF8(someText.Draw(t, "text"), "")
				if c.Op >= 2 && k.Text == "" {
					k.Text = "x"
				}
			}
			c.Keys = append(c.Keys, k)
		}
		texts = append(texts, c.String())
	}
	return texts
}

func drawSpan(t *rapid.T, v url.Values) {
	if rapid.Bool().Draw(t, "named") {
		v.Set("range", rapid.SampledFrom(report.RangeNames()).Draw(t, "range"))
		return
	}
	from := homing.Epoch + homing.Millis(rapid.Int64Range(86_400_000, 80_000_000_000).Draw(t, "from"))
	until := from + homing.Millis(rapid.Int64Range(1, 20_000_000_000).Draw(t, "long"))
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		v.Set("from", from.String())
		v.Set("to", until.String())
	case 1:
		v.Set("from", from.Time().Format(time.DateOnly))
		v.Set("to", until.Time().Format(time.DateOnly))
	case 2:
		v.Set("from", from.Time().Format(time.DateOnly))
	case 3:
		v.Set("from", "36h")
	}
}

var someZone = rapid.SampledFrom([]string{"", "UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Africa/Casablanca"})

func TestQuestionsComeBackFromTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := url.Values{}
		drawSpan(t, v)
		v.Set("tz", someZone.Draw(t, "tz"))
		var by []string
		for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(1, warehouse.DimensionCount-1), 0, 4, rapid.ID[int]).Draw(t, "by") {
			by = append(by, warehouse.Dimension(d).String())
		}
		v.Set("by", strings.Join(by, ","))
		if rapid.Bool().Draw(t, "totals") {
			by = nil
			v.Set("by", "none")
		}
		var metrics, order []string
		for _, m := range rapid.SliceOfDistinct(rapid.SampledFrom(report.Metrics()), rapid.ID[report.Metric]).Draw(t, "metrics") {
			metrics = append(metrics, m.String())
			order = append(order, rapid.SampledFrom([]string{"", "-"}).Draw(t, "desc")+m.String())
		}
		v.Set("metrics", strings.Join(metrics, ","))
		if rapid.Bool().Draw(t, "ordered") {
			v.Set("order", strings.Join(append(order, by...), ","))
		}
		v.Set("basis", rapid.SampledFrom([]string{"", "click", "conversion"}).Draw(t, "basis"))
		v.Set("compare", rapid.SampledFrom(append(report.CompareNames(), "", "2025-03-30", "2025-03-30T10:00:00.123Z")).Draw(t, "compare"))
		v.Set("limit", rapid.SampledFrom([]string{"", "7"}).Draw(t, "limit"))
		v["where"] = drawConditions(t, false)
		defaults := report.Defaults{Now: now}
		q, err := report.Parse(v, defaults)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		again, err := report.Parse(q.Values(), defaults)
		if err != nil {
			t.Fatalf("%v: %v", q.Values(), err)
		}
		if !reflect.DeepEqual(q, again) {
			t.Fatalf("%v\n%+v\n%+v", q.Values(), q, again)
		}
	})
}

func TestListQuestionsComeBackFromTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.SampledFrom([]warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable, warehouse.ConversionTable}).Draw(t, "table")
		v := url.Values{}
		if rapid.Bool().Draw(t, "span") {
			drawSpan(t, v)
		}
		v.Set("tz", someZone.Draw(t, "tz"))
		v["where"] = drawConditions(t, true)
		set := func(name string, values ...string) {
			if rapid.Bool().Draw(t, name) {
				v.Set(name, rapid.SampledFrom(values).Draw(t, "value"))
			}
		}
		set("click_id", "0123456789abcdef0123456789abcdef01234567")
		set("order", "oldest", "newest")
		set("limit", "1", "1000")
		switch table {
		case warehouse.ClickTable:
			set("class", "bot", "bot,test")
		case warehouse.PostbackTable:
			set("outcome", "counted,refused", "late")
		case warehouse.ConversionTable:
			set("status", "late", "pending,approved")
		}
		if table != warehouse.ClickTable {
			set("conversion", "17")
			set("request", "0123456789abcdef01234567")
		}
		defaults := report.Defaults{Now: now}
		q, err := report.ParseList(table, v, defaults)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		again, err := report.ParseList(table, q.Values(), defaults)
		if err != nil {
			t.Fatalf("%v: %v", q.Values(), err)
		}
		report.ForgetPrint(q, again)
		if !reflect.DeepEqual(q, again) {
			t.Fatalf("%v\n%+v\n%+v", q.Values(), q, again)
		}
	})
}

// TestAnyTextIsAFaultOrAQuestion throws what it finds at every parameter.
func TestAnyTextIsAFaultOrAQuestion(t *testing.T) {
	words := rapid.SampledFrom([]string{"2026-11-22", "0000-01-01", "9999-12-31T23:59:59Z", "-", ",", "=", "weekday=", "12h", "99999999d", "hour", "-clicks", "none", "1", "UTC", "\x00", "\xff", "previous", `\`})
	texts := rapid.OneOf(words, rapid.String(), rapid.Custom(func(t *rapid.T) string { return words.Draw(t, "a") + words.Draw(t, "b") }))
	rapid.Check(t, func(t *rapid.T) {
		v := url.Values{}
		for _, name := range append(report.QuestionParams(), report.ListParams(warehouse.PostbackTable)...) {
			if rapid.IntRange(0, 3).Draw(t, "given") == 0 {
				v[name] = []string{texts.Draw(t, name)}
			}
		}
		_, err := report.Parse(v, report.Defaults{Now: now})
		_, listErr := report.ParseList(warehouse.PostbackTable, v, report.Defaults{Now: now})
		for _, err := range []error{err, listErr} {
			var faults *report.Faults
			if err != nil && (!errors.As(err, &faults) || len(faults.List) == 0) {
				t.Fatal(err)
			}
		}
	})
}
