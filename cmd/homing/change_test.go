package main

import (
	"path/filepath"
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/control"
)

const changesPath = "POST /v1/conversions/changes"

func TestConversionsAreChanged(t *testing.T) {
	changed := control.Changes{Counts: map[string]int{"changed": 1, "unchanged": 1}, Rows: []control.Changed{
		{Line: 1, ID: 17, ClickID: "c86b", From: homing.Pending, To: homing.Approved, Result: "changed", Reason: "paid"},
		{Line: 2, ID: 18, ClickID: "c86c", LeadCode: "=x", From: homing.Approved, To: homing.Approved, Result: "unchanged", Problem: "It is approved already."},
	}}
	s := open(t, map[string]any{changesPath: changed})
	s.prints(`LINE  ID  CLICK ID  LEAD CODE  FROM      TO        RESULT     PROBLEM
   1  17  c86b                 pending   approved  changed
   2  18  c86c      =x         approved  approved  unchanged  It is approved already.
1 changed.
1 stood there already.
`, "conversions", "approve", "17", "18", "--reason", "paid")
	if want := changesPath + "?reason=paid&verb=approve 17\n18"; s.asked[0] != want {
		t.Errorf("asked %q, want %q", s.asked[0], want)
	}
	s.prints(`line,id,click_id,lead_code,from,to,result,problem,reason
1,17,c86b,,pending,approved,changed,,paid
2,18,c86c,'=x,approved,approved,unchanged,It is approved already.,
`, "conversions", "restore", "--pending", "17", "--dry-run", "--format", "csv")
	if want := changesPath + "?dry_run=true&pending=true&verb=restore 17"; s.asked[0] != want {
		t.Errorf("asked %q, want %q", s.asked[0], want)
	}
	file := filepath.Join(t.TempDir(), "list.csv")
	write(t, file, "click_id\nc86b")
	if code := s.run("conversions", "accept", "--file", file, "--format", "jsonl"); code != 0 || !strings.HasPrefix(s.out.String(), `{"line":1,"id":17,`) {
		t.Errorf("%d %s%s", code, s.out.String(), s.err.String())
	}
	if want := changesPath + "?verb=accept click_id\nc86b"; s.asked[0] != want {
		t.Errorf("asked %q, want %q", s.asked[0], want)
	}
}

func TestWhatIsNotChangedFails(t *testing.T) {
	s := open(t, map[string]any{changesPath: control.Changes{Counts: map[string]int{"refused": 1}, Rows: []control.Changed{
		{Line: 1, Result: "refused", Problem: "There is no conversion 9."},
	}}})
	if code := s.run("conversions", "reject", "9"); code != 1 || !strings.Contains(s.out.String(), "There is no conversion 9.") ||
		!strings.Contains(s.err.String(), "1 of 1 can't be changed") {
		t.Errorf("%d %s%s", code, s.out.String(), s.err.String())
	}
	for _, args := range [][]string{{}, {"9", "--file", "x"}} {
		if code := s.run(append([]string{"conversions", "reject"}, args...)...); code != 2 {
			t.Errorf("%v: %d %s", args, code, s.err.String())
		}
	}
	if code := s.run("conversions", "reject", "--file", "/nonexistent"); code != 1 || !strings.Contains(s.err.String(), "couldn't read the list") {
		t.Errorf("%d %s", code, s.err.String())
	}
	s.in = "1\n2\n"
	s.run("conversions", "reject", "--file", "-")
	if want := changesPath + "?verb=reject 1\n2\n"; s.asked[0] != want {
		t.Errorf("asked %q", s.asked[0])
	}
}
