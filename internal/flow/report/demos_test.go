package report_test

import (
	"strings"
	"testing"

	"homing"
	"homing/internal/flow/report"
)

// withDemos makes the second account a demo, and the erased one, too.
func withDemos(t *testing.T) *stage {
	t.Helper()
	books := standard()
	for i := range books.snapshot.Accounts {
		a := &books.snapshot.Accounts[i]
		a.Demo = a.ID != 1
		if a.ID == 2 {
			a.Currency = "EUR" // must not keep amounts of the others from being told
		}
	}
	s := openWith(t, books)
	for _, campaign := range []homing.CampaignID{11, 21, 41} {
		s.click("2026-11-22T10:00:00Z", campaign, nil)
	}
	return s
}

func TestDemosAreAnsweredOnlyWhenAskedFor(t *testing.T) {
	s := withDemos(t)
	s.load()
	for _, c := range []struct {
		scope  report.Scope
		params string
		clicks string
		noted  bool
	}{
		{report.Scope{}, "", "1", true},
		{report.Scope{}, "where=country=DE", "1", true},
		{report.Scope{}, "where=account=1", "1", false},
		{report.Scope{}, "where=account=2", "1", false},
		{report.Scope{}, "where=account=1,2", "2", false},
		{report.Scope{}, "where=campaign=21", "1", false},
		{report.Scope{}, "where=account!=1", "0", true},
		{report.Scope{}, "where=account=4", "1", false},
		{report.Scope{Account: 2}, "", "1", false},
		{report.Scope{Account: 1}, "", "1", false},
	} {
		table := s.ask(c.scope, "range=today&metrics=clicks,cost&"+c.params)
		if got := table.Total.Cells[table.Column("clicks")].Text; got != c.clicks {
			t.Errorf("%+v %s: %s clicks, want %s", c.scope, c.params, got, c.clicks)
		}
		if noted := strings.Contains(strings.Join(table.Notes, " "), "demo advertiser, number 2"); noted != c.noted {
			t.Errorf("%+v %s: noted is %t: %q", c.scope, c.params, noted, table.Notes)
		}
		if c.params == "" && c.scope.Account == 0 && table.Currency != "USD" {
			t.Errorf("amounts are in %q", table.Currency)
		}
	}
}
