package control_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/control"
)

func TestConversionsAreChanged(t *testing.T) {
	s := open(t, nil)
	account, campaign := s.account("One")
	for i := range 3 {
		s.convert(account.ID, s.click(campaign.ID), fmt.Sprint("lead", i), homing.Approved)
	}
	ask := func(c control.Change, list string) control.Changes {
		t.Helper()
		c.List = strings.NewReader(list)
		told, err := s.ChangeConversions(s.ctx, c)
		must(t, err)
		return told
	}
	if dry := ask(control.Change{Verb: "reject", DryRun: true}, "1"); !dry.DryRun || dry.Rows[0].Result != "ready" || dry.Rows[0].From != homing.Approved {
		t.Errorf("%+v", dry)
	}
	told := ask(control.Change{Verb: "reject", Reason: "returned & refunded"}, "1\n9\nx")
	if fmt.Sprint(told.Counts) != "map[changed:1 refused:2]" || told.Rows[0].To != homing.Rejected || told.Rows[1].Problem != "There is no conversion 9." {
		t.Errorf("%+v", told)
	}
	told = ask(control.Change{Verb: "restore", Pending: true}, told.Rows[0].ClickID)
	if told.Counts["changed"] != 1 || told.Rows[0].To != homing.Pending || told.Rows[0].LeadCode != "lead0" {
		t.Errorf("%+v", told)
	}
	told = ask(control.Change{Verb: "set"}, "id,status,reason\n1,approved,paid\n2,rejected,\n")
	if told.Counts["changed"] != 2 || told.Rows[0].Reason != "paid" {
		t.Errorf("%+v", told)
	}
	history, err := s.desk.Books.History(s.ctx, 1)
	must(t, err)
	if len(history) != 4 || history[1].Actor != "command line" || history[1].Reason != "returned & refunded" {
		t.Errorf("%+v", history)
	}
	for _, c := range []struct{ verb, list, reason string }{{"delete", "1", ""}, {"reject", "", ""}, {"reject", "no\x00text", ""}, {"reject", "1", "a\nb"}} {
		if _, err := s.ChangeConversions(s.ctx, control.Change{Verb: c.verb, Reason: c.reason, List: strings.NewReader(c.list)}); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
