package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// foreign makes a conversion's currency another than its account's.
func foreign(c *warehouse.Conversion) {
	c.Status, c.Currency, c.Flags = homing.Pending, "GBP", homing.FlagCurrencyDiffers|homing.FlagTest<<1
}

// TestForeignAmountsAreNoted: they are in the sums, as in the ledger's, and a note
// says how many.
func TestForeignAmountsAreNoted(t *testing.T) {
	s := open(t)
	o := s.click("2026-11-21T10:00:00Z", 11, nil)
	s.convert(o, time.Minute, 1_000_000, nil)
	s.convert(o, time.Minute, 4_000_000, foreign)
	s.convert(s.click("2026-11-14T10:00:00Z", 11, nil), time.Minute, 2_000_000, foreign)
	s.convert(o, time.Minute, 8_000_000, func(c *warehouse.Conversion) {
		foreign(c)
		c.Status = homing.Rejected // in no sum
	})
	s.load()
	const one = "1 conversion has another currency than its account. Its amounts are in the sums as they were sent."
	for query, want := range map[string]string{
		"by=day&metrics=value":                      one,
		"by=none&metrics=epc":                       one,
		"by=country&metrics=clicks,roi&limit=1":     one,
		"by=day&metrics=clicks,conversions":         "",
		"by=day&metrics=value&where=country=US":     "Nothing in the range fits the conditions.",
		"by=day&metrics=value&compare=previous":     "The range is not over yet. It is compared with the other one as a whole. " + one + " 1 conversion of the range to compare with has another currency than its account. Its amounts are in the sums as they were sent.",
		"by=day&metrics=value&range=last_30_days":   "2 conversions have other currencies than their accounts. Their amounts are in the sums as they were sent.",
		"by=day&metrics=value&where=campaign=12,11": one,
	} {
		table := s.ask(report.Scope{}, query)
		if got := strings.Join(table.Notes, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		notes, err := s.ExportNotes(t.Context(), report.Scope{}, s.question(query))
		if got := strings.Join(notes, " "); err != nil || got != want && want != "Nothing in the range fits the conditions." {
			t.Errorf("export of %s: %q, %v", query, got, err)
		}
	}
	expect(t, figures(s.ask(report.Scope{}, "by=none&metrics=conversions,value,foreign"), "conversions", "value", "foreign"), `
		row 2 5.00 1
		total 2 5.00 1
	`)
	blind := report.Scope{Account: 1, HideMoney: true}
	if notes := s.ask(blind, "by=day").Notes; len(notes) > 0 {
		t.Errorf("who sees no amounts is told %v", notes)
	}
	for _, c := range s.ask(report.Scope{}, "by=none&metrics=foreign").Columns {
		if c.Title != "In other currencies" || c.Kind != report.Count {
			t.Errorf("%+v", c)
		}
	}
}

// TestNothingFitsIsSaid, whatever else is.
func TestNothingFitsIsSaid(t *testing.T) {
	s := openWith(t, several())
	s.click("2026-11-21T10:00:00Z", 11, nil)
	s.load()
	notes := s.ask(report.Scope{}, "by=sub1&metrics=value&where=sub1=nobody").Notes
	if text := strings.Join(notes, " "); !strings.Contains(text, "Nothing in the range fits") || !strings.Contains(text, "several currencies") {
		t.Errorf("notes %q", notes)
	}
	notes = s.ask(report.Scope{}, "by=sub1&metrics=value&where=account=77").Notes
	if text := strings.Join(notes, " "); strings.Contains(text, "Nothing in the range fits") || !strings.Contains(text, "There is no account 77.") {
		t.Errorf("notes %q", notes)
	}
}

// TestGivenUpDaysAreNoted in lists and in exports, as in reports.
func TestGivenUpDaysAreNoted(t *testing.T) {
	s := open(t)
	gone := s.click("2026-11-18T10:00:00Z", 11, sub1("x"))
	kept := s.click("2026-11-21T10:00:00Z", 11, sub1("x"))
	s.convert(gone, time.Minute, 1_000_000, nil)
	s.convert(kept, time.Minute, 1_000_000, nil)
	s.load()
	before := warehouse.DayAt(at("2026-11-20T00:00:00Z"))
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
		if err := s.model.Drop(t.Context(), table, before); err != nil {
			t.Fatal(err)
		}
	}
	const note = " before 2026-11-20 (UTC) have been given up"
	for query, want := range map[string]bool{
		"":                                       true,
		"from=2026-11-20":                        false,
		"where=sub1=x&limit=1":                   true,
		"click_id=" + s.ring.Seal(kept).String(): false,
		"click_id=" + s.ring.Seal(gone).String(): true,
	} {
		for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable} {
			q := s.list(table, query)
			var notes []string
			switch table {
			case warehouse.ClickTable:
				page, err := s.Clicks(t.Context(), report.Scope{}, q)
				if err != nil {
					t.Fatal(err)
				}
				notes = page.Notes
			case warehouse.PostbackTable:
				page, err := s.Postbacks(t.Context(), report.Scope{}, q)
				if err != nil {
					t.Fatal(err)
				}
				notes = page.Notes
			}
			if text := strings.Join(notes, " "); strings.Contains(text, table.String()+note) != want {
				t.Errorf("%s %q: notes %q", table, query, notes)
			}
			if strings.HasPrefix(query, "click_id") {
				continue
			}
			notes, err := s.ListNotes(t.Context(), report.Scope{}, q)
			if text := strings.Join(notes, " "); err != nil || strings.Contains(text, table.String()+note) != want {
				t.Errorf("export of %s %q: notes %q, %v", table, query, notes, err)
			}
		}
	}
	for query, want := range map[string]bool{"by=sub1&metrics=clicks": true, "by=day&metrics=clicks": false, "by=sub1&metrics=clicks&from=2026-11-20": false} {
		q := s.question(query)
		notes, err := s.ExportNotes(t.Context(), report.Scope{}, q)
		if text := strings.Join(notes, " "); err != nil || strings.Contains(text, "clicks"+note) != want {
			t.Errorf("export of %q: notes %q, %v", query, notes, err)
		}
		if table := s.ask(report.Scope{}, query); strings.Contains(strings.Join(table.Notes, " "), "clicks"+note) != want {
			t.Errorf("%q: notes %q", query, table.Notes)
		}
	}
	page, err := s.Conversions(t.Context(), report.Scope{}, s.list(warehouse.ConversionTable, ""))
	if err != nil || len(page.Rows) != 2 || len(page.Notes) != 0 {
		t.Errorf("conversions: %+v, %v", page, err)
	}
}

// TestCSVHasNoControls but tabs and line ends, which readers of CSV know.
func TestCSVHasNoControls(t *testing.T) {
	s := open(t)
	s.click("2026-11-21T10:00:00Z", 11, sub1("a\x00b\x1b[2J\x7f\tc\r\nd"))
	s.load()
	text := s.export(report.CSV, "by=sub1&metrics=clicks")
	if want := "sub1,clicks\r\n\"a\ufffdb\ufffd[2J\ufffd\tc\r\nd\",1\r\n"; string(text) != want {
		t.Errorf("%q, want %q", text, want)
	}
	if text := s.export(report.JSONLines, "by=sub1&metrics=clicks"); !bytes.Contains(text, []byte(`a\u0000b\u001b`)) {
		t.Errorf("JSON lines lost something: %s", text)
	}
}

// TestClickIDsOfOthers: an id that somebody else made, one of another account,
// and one of no click that is there have the same answer.
func TestClickIDsOfOthers(t *testing.T) {
	s := open(t)
	theirs := s.click("2026-11-21T10:00:00Z", 21, nil)
	s.load()
	never := theirs
	never.Seq++
	alien, err := homing.NewKeyring(homing.MasterKey{ID: "00000002", Secret: [32]byte{9}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []homing.ClickID{s.ring.Seal(theirs), s.ring.Seal(never), alien.Seal(theirs), {}} {
		page := s.clicks(report.Scope{Account: 1}, "click_id="+id.String())
		if len(page.Rows) != 0 || len(page.Notes) != 1 || page.Notes[0] != "Nothing in the range fits." {
			t.Errorf("%s: %+v", id, page)
		}
	}
	_, err = report.ParseList(warehouse.PostbackTable, map[string][]string{"request": {strings.Repeat("0", 24)}}, report.Defaults{Now: now})
	if err == nil || !strings.Contains(err.Error(), "zeros are no request's id") {
		t.Error(err)
	}
}
