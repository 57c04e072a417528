package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
	"homing/internal/rule/mask"
)

func (s *stage) list(table warehouse.Table, query string) *report.ListQuestion {
	s.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		s.t.Fatal(err)
	}
	q, err := report.ParseList(table, values, report.Defaults{Now: now})
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return q
}

func (s *stage) clicks(scope report.Scope, query string) *report.Page[report.Click] {
	s.t.Helper()
	page, err := s.Clicks(s.t.Context(), scope, s.list(warehouse.ClickTable, query))
	if err != nil {
		s.t.Fatal(err)
	}
	return page
}

func (s *stage) postbacks(scope report.Scope, query string) []report.Postback {
	s.t.Helper()
	page, err := s.Postbacks(s.t.Context(), scope, s.list(warehouse.PostbackTable, query))
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Rows
}

func (s *stage) conversions(scope report.Scope, query string) []report.Conversion {
	s.t.Helper()
	page, err := s.Conversions(s.t.Context(), scope, s.list(warehouse.ConversionTable, query))
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Rows
}

func TestPagesGoThroughEveryRowOnce(t *testing.T) {
	s := open(t)
	for i := range 25 {
		s.click(fmt.Sprintf("2026-11-21T10:00:%02dZ", i/3), 11, sub1(fmt.Sprint(i))) // three at a time
	}
	s.load()
	for _, order := range []string{"newest", "oldest"} {
		var seen []string
		query, pages := "limit=4&order="+order, 0
		for cursor := ""; pages == 0 || cursor != ""; pages++ {
			page := s.clicks(report.Scope{}, query+"&cursor="+cursor)
			for _, c := range page.Rows {
				seen = append(seen, c.Sub1)
			}
			cursor = page.Next
			if cursor != url.QueryEscape(cursor) {
				t.Errorf("cursor %q needs escaping", cursor)
			}
			if pages == 0 { // a click that comes meanwhile moves nothing
				s.click("2026-11-22T11:59:00Z", 11, sub1("late"))
				s.load()
			}
		}
		seen = slices.DeleteFunc(seen, func(s string) bool { return s == "late" })
		distinct := slices.Compact(slices.Sorted(slices.Values(seen)))
		if len(seen) != 25 || len(distinct) != 25 || pages < 7 {
			t.Errorf("%s: %d rows, %d distinct, on %d pages", order, len(seen), len(distinct), pages)
		}
	}
}

func TestCursorsOfOtherListsAreRefused(t *testing.T) {
	s := open(t)
	for i := range 5 {
		s.convert(s.click(fmt.Sprintf("2026-11-21T10:00:%02dZ", i), 11, nil), time.Minute, 1, nil)
	}
	s.load()
	next := s.clicks(report.Scope{}, "limit=2&where=country=DE").Next
	good := "where=country=DE&cursor=" + next
	if rows := s.clicks(report.Scope{}, good+"&limit=3").Rows; len(rows) != 3 {
		t.Errorf("%d rows behind the cursor", len(rows))
	}
	if rows := s.clicks(report.Scope{Account: 2}, good).Rows; len(rows) != 0 {
		t.Error("a cursor opens another account's list")
	}
	bad := map[warehouse.Table][]string{
		warehouse.ClickTable: {
			"cursor=" + next, good + "&order=oldest", good + "&from=2026-11-01", "where=country=DE&cursor=" + next[1:], "where=country=DE&cursor=x",
			"where=country=DE&cursor=" + next[:10] + "A" + next[11:], "where=country=DE&cursor=%00",
		},
		warehouse.PostbackTable: {good},
	}
	for table, queries := range bad {
		for _, query := range queries {
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = report.ParseList(table, values, report.Defaults{Now: now})
			var faults *report.Faults
			if !errors.As(err, &faults) || faults.List[0].Field != "cursor" {
				t.Errorf("%s of %s: %v", query, table, err)
			}
		}
	}
}

func TestListsNarrow(t *testing.T) {
	s := open(t)
	o := s.click("2026-11-21T10:00:00Z", 11, nil)
	s.click("2026-11-21T10:00:01Z", 12, func(c *warehouse.Click) { c.Class = homing.BotClick })
	s.click("2026-11-21T10:00:02Z", 21, func(c *warehouse.Click) { c.Node, c.Class = 1010, homing.TestClick })
	s.convert(o, time.Minute, 1_500_000, nil)
	s.convert(o, time.Hour, 0, func(c *warehouse.Conversion) {
		c.Status, c.Lead, c.Value = homing.LateStatus, "x", homing.Value{}
	})
	s.refuse("2026-11-21T12:00:00Z", 1)
	s.load()
	id := s.ring.Seal(o).String()
	for query, want := range map[string]int{
		"": 3, "class=bot": 1, "class=bot,test": 2, "click_id=" + id: 1, "where=campaign=12,21": 2, "to=2026-11-21T10:00:01Z&from=2026-11-21": 1,
		"click_id=0123456789abcdef0123456789abcdef01234567": 0,
	} {
		if page := s.clicks(report.Scope{}, query); len(page.Rows) != want {
			t.Errorf("clicks %s: %d rows", query, len(page.Rows))
		}
	}
	for query, want := range map[string]int{"": 3, "outcome=refused": 1, "outcome=counted,refused": 3, "click_id=" + id: 2, "where=reason=code_format": 1} {
		if rows := s.postbacks(report.Scope{}, query); len(rows) != want && query != "where=reason=code_format" {
			t.Errorf("postbacks %s: %d rows", query, len(rows))
		}
	}
	rows := s.conversions(report.Scope{}, "status=late")
	if len(rows) != 1 || len(s.conversions(report.Scope{}, "click_id="+id)) != 2 || len(s.conversions(report.Scope{}, "conversion="+rows[0].ID.String())) != 1 {
		t.Errorf("late conversions: %+v", rows)
	}
	if byRequest := s.conversions(report.Scope{}, "request="+rows[0].Request.String()); len(byRequest) != 1 {
		t.Errorf("by request: %+v", byRequest)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(toText(t, rows[0])), &m); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"click_id": id, "at": "2026-11-21T11:00:00.000Z", "click_at": "2026-11-21T10:00:00.000Z", "value": nil, "price": "0.00",
		"currency": "USD", "status": "late", "campaign_name": "Apples", "country": "DE", "lead_code": "x",
	}
	for name, v := range want {
		if m[name] != v {
			t.Errorf("%s is %v, want %v", name, m[name], v)
		}
	}
}

func TestListFaults(t *testing.T) {
	for query, field := range map[string]string{
		"class=robot": "class", "outcome=counted": "outcome", "limit=1001": "limit", "click_id=xyz": "click_id", "where=day=1": "where",
		"where=weekday=1": "where", "order=value": "order", "by=day": "by", "from=yesterday": "from",
	} {
		values, _ := url.ParseQuery(query)
		_, err := report.ParseList(warehouse.ClickTable, values, report.Defaults{Now: now})
		var faults *report.Faults
		if !errors.As(err, &faults) || len(faults.List) != 1 || faults.List[0].Field != field {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := report.ParseList(warehouse.ClickTable, url.Values{"limit": {"5000"}}, report.Defaults{Now: now, MaxLimit: 5000}); err != nil {
		t.Error(err)
	}
}

func TestAnAdvertiserSeesItsOwnRowsOnly(t *testing.T) {
	s := open(t)
	for _, campaign := range []homing.CampaignID{11, 21} {
		s.convert(s.click("2026-11-21T10:00:00Z", campaign, nil), time.Minute, 1_000_000, nil)
		s.refuse("2026-11-21T12:00:00Z", owners[campaign])
	}
	s.refuse("2026-11-21T12:30:00Z", 0) // nobody's
	s.batch.Postbacks[0].Key, s.batch.Postbacks[1].Key = 1, 2
	s.batch.Postbacks[0].Addr = netip.MustParseAddr("198.51.100.77")
	s.load()
	mine := report.Scope{Account: 1}
	theirs := s.clicks(report.Scope{Account: 2}, "").Rows[0].ClickID.String()
	for _, query := range []string{"", "where=account=1,2", "where=campaign!=99"} {
		if n := len(s.clicks(mine, query).Rows); n != 1 {
			t.Errorf("%d clicks for %q", n, query)
		}
		if n := len(s.postbacks(mine, query)); n != 2 {
			t.Errorf("%d postbacks for %q", n, query)
		}
		if n := len(s.conversions(mine, query)); n != 1 {
			t.Errorf("%d conversions for %q", n, query)
		}
	}
	other, forged := s.clicks(mine, "click_id="+theirs), s.clicks(mine, "click_id="+strings.Repeat("1", 40))
	if len(other.Rows) != 0 || !reflect.DeepEqual(other.Notes, forged.Notes) {
		t.Errorf("another's click id: %v, a forged one: %v", other, forged)
	}
	for _, p := range s.postbacks(mine, "") {
		if p.Key == 2 {
			t.Error("another account's key is named")
		}
		if p.Addr != "" && p.Addr != "198.51.100.0" {
			t.Errorf("address %s", p.Addr)
		}
	}
	blind := report.Scope{Account: 1, HideMoney: true}
	texts := toText(t, s.postbacks(blind, "")) + toText(t, s.conversions(blind, "")) + toText(t, s.clicks(blind, ""))
	for _, never := range []string{"1.00", "0.05", "value=1"} {
		if strings.Contains(texts, never) {
			t.Errorf("%s is in %s", never, texts)
		}
	}
}

// TestErasedRowsAreBare: what is not erased in the warehouse yet is not shown.
func TestErasedRowsAreBare(t *testing.T) {
	s := open(t)
	o := s.click("2026-11-21T10:00:00Z", 41, sub1("private"))
	s.convert(o, time.Minute, 7_770_000, func(c *warehouse.Conversion) { c.Lead = "private-lead" })
	s.batch.Postbacks[0].UserAgent, s.batch.Postbacks[0].Target = "private", "/private"
	s.load()
	texts := toText(t, s.clicks(report.Scope{}, "")) + toText(t, s.postbacks(report.Scope{}, "")) + toText(t, s.conversions(report.Scope{}, ""))
	for _, never := range []string{"private", "7.77", "203.0.113", "0.05"} {
		if strings.Contains(texts, never) {
			t.Errorf("%s is in %s", never, texts)
		}
	}
	if strings.Count(texts, `"country":"DE"`) != 3 {
		t.Errorf("rows are missing: %s", texts)
	}
}

func TestListsAreMasked(t *testing.T) {
	const key = "Abcdefghijklmnop0123456789qrstuvwxyz"
	s := open(t)
	s.Masker = &mask.Masker{
		KeyIn: func(run []byte) (int, int, bool) {
			i := bytes.Index(run, []byte(key))
			return i, i + len(key), i >= 0
		},
		MaskOf: func([]byte) string { return "key:123456" },
	}
	o := s.click("2026-11-21T10:00:00Z", 11, func(c *warehouse.Click) {
		c.Facets[warehouse.FacetSub1] = key
		c.More = []warehouse.Param{{Param: homing.ParamKeywords, Text: "k " + key}}
	})
	s.convert(o, time.Minute, 1, func(c *warehouse.Conversion) { c.Lead = key })
	s.batch.Postbacks[0].Target, s.batch.Postbacks[0].Lead = "/api?key="+key, key
	s.load()
	texts := toText(t, s.clicks(report.Scope{}, "")) + toText(t, s.postbacks(report.Scope{}, "")) + toText(t, s.conversions(report.Scope{}, ""))
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable, warehouse.ConversionTable} {
		for f := report.CSV; f <= report.Parquet; f++ {
			texts += string(s.exportList(table, f, ""))
		}
	}
	if strings.Contains(texts, key) {
		t.Error("a key is shown")
	}
}

func (s *stage) exportList(table warehouse.Table, f report.Format, query string) []byte {
	s.t.Helper()
	var out bytes.Buffer
	if err := s.ExportList(s.t.Context(), report.Scope{}, s.list(table, query), f, &out, nil); err != nil {
		s.t.Fatal(err)
	}
	return out.Bytes()
}

// TestListFilesAreThePages: the same fields, in each format.
func TestListFilesAreThePages(t *testing.T) {
	s := open(t)
	o := s.click("2026-11-21T10:00:00Z", 11, func(c *warehouse.Click) {
		for f := range c.Facets {
			c.Facets[f] = "=" + warehouse.Facet(f).String()
		}
		c.More = []warehouse.Param{{Param: homing.ParamKeywords, Text: "shoes"}}
	})
	s.convert(o, time.Minute, 1_230_000, func(c *warehouse.Conversion) { c.Lead, c.Goal, c.Flags = "-lead", 1, homing.FlagTest|homing.FlagOldKey })
	s.load()
	pages := map[warehouse.Table]any{
		warehouse.ClickTable:      s.clicks(report.Scope{}, "").Rows[0],
		warehouse.PostbackTable:   s.postbacks(report.Scope{}, "")[0],
		warehouse.ConversionTable: s.conversions(report.Scope{}, "")[0],
	}
	for table, row := range pages {
		var fields map[string]any
		if err := json.Unmarshal([]byte(toText(t, row)), &fields); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(s.exportList(table, report.CSV, "")), "\r\n")
		if len(lines) != 3 {
			t.Fatalf("%s: %q", table, lines)
		}
		names := strings.Split(lines[0], ",")
		for name := range fields {
			if !slices.Contains(names, name) {
				t.Errorf("%s: field %s is in no file", table, name)
			}
		}
		if !strings.Contains(lines[1], "'=sub1") {
			t.Errorf("%s: a formula is in %s", table, lines[1])
		}
		var line map[string]any
		if err := json.Unmarshal(s.exportList(table, report.JSONLines, ""), &line); err != nil {
			t.Fatal(err)
		}
		columns, rows := readParquet(t, s.exportList(table, report.Parquet, ""))
		for i, column := range columns {
			name, _, _ := strings.Cut(column, " ")
			if names[i] != name {
				t.Errorf("%s: column %d is %s in Parquet and %s in CSV", table, i, name, names[i])
			}
			want, ok := fields[name]
			if text, isText := want.(string); ok && isText && name != "at" && name != "click_at" && (rows[0][i] != text || line[name] != text) {
				t.Errorf("%s: %s is %q in Parquet, %q in JSON lines, want %q", table, name, rows[0][i], line[name], text)
			}
		}
	}
}
