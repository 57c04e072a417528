package compare

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/flow/report"
)

// TestEveryFinding has a line for each.
func TestEveryFinding(t *testing.T) {
	w := newWorld()
	convert := func(n int, status homing.Status, value homing.Value, lead string) string {
		o := origin(n, 1)
		w.convert(homing.Conversion{Click: o, Status: status, Value: value, Lead: lead})
		return w.id(o)
	}
	refused, never, doubled := origin(20, 1), origin(21, 1), origin(22, 1)
	w.call(refused, homing.ReasonValueComma, "", homing.Value{})
	w.convert(homing.Conversion{Click: doubled, Status: homing.Approved, Value: cents(100)})
	w.call(doubled, homing.ReasonDuplicate, "", cents(100))
	differing := convert(2, homing.Approved, cents(150), "")
	w.call(origin(2, 1), homing.ReasonDuplicateValue, "", cents(210))
	lacking := w.convert(homing.Conversion{Click: origin(30, 1), Status: homing.Pending, Value: cents(77), Lead: "lost"})
	lines := []string{
		"click_id,payout,lead_code",
		convert(1, homing.Approved, cents(210), "") + ",2.10,",                       // matched
		differing + ",2.10,",                                                         // other_value
		convert(3, homing.Pending, cents(210), "") + ",2.10,",                        // pending
		convert(4, homing.Rejected, cents(210), "") + ",2.10,",                       // rejected
		convert(5, homing.LateStatus, cents(210), "") + ",2.10,",                     // late
		w.id(doubled) + ",1.00,", w.id(doubled) + ",1.00,", w.id(doubled) + ",1.00,", // matched, duplicate, repeated
		w.id(refused) + ",2.10,",
		w.id(never) + ",2.10,",
		convert(6, homing.Approved, cents(50), "a-1") + ",0.5,a-1", // matched
		w.id(origin(6, 1)) + ",0.5,a-1",                            // repeated
		w.id(origin(6, 1)) + ",0.5,a-2",                            // never_arrived
		idB + ",1,",                                                // not_ours
		w.id(origin(7, 2)) + ",1,",                                 // of another account
		idB[:39] + ",1,",                                           // no_click_id
	}
	list := must[*List](t)(Read([]byte(strings.Join(lines, "\n"))))
	r := must[*Result](t)(w.Compare(t.Context(), report.Scope{Account: 1}, Question{List: list}))
	want := "matched other_value pending rejected late matched duplicate repeated refused never_arrived matched repeated never_arrived not_ours not_ours no_click_id"
	if got := strings.Join(namesOf(r.Rows), " "); got != want {
		t.Errorf("found\n%s, want\n%s", got, want)
	}
	if len(r.Lacking) != 1 || r.Lacking[0].Conversion.ID != lacking.ID || r.Lacking[0].Click != w.ring.Seal(lacking.Click) {
		t.Errorf("lacking %+v", r.Lacking)
	}
	if len(r.Incomplete) > 0 || !r.OfList || r.From != 1_799_971_200_000 {
		t.Errorf("incomplete %v, from %s", r.Incomplete, r.From)
	}
	for i, says := range map[int]string{
		1:  "The list says 2.10, here stands 1.50, since 2027-01-15 08:02:00 UTC. A later postback",
		6:  "repeat", // see below
		8:  "The value is written with a comma.",
		14: "does not belong to a click here", 15: "it has fewer than 40 characters",
	} {
		if i == 6 {
			says = "had been counted before"
		}
		if got := r.Rows[i].Explain(time.UTC); !strings.Contains(got, says) {
			t.Errorf("line %d: %q does not say %q", r.Rows[i].Number, got, says)
		}
	}
	var file bytes.Buffer
	if err := r.WriteCSV(&file, w.View()); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(file.String()), "\r\n")
	if len(rows) != 1+len(r.Rows)+1 || !strings.HasPrefix(rows[1], "2,"+r.Rows[0].Click.String()+",,matched,") ||
		!strings.HasPrefix(rows[len(rows)-1], ","+w.id(lacking.Click)+",lost,lacking,") {
		t.Errorf("the file:\n%s", file.String())
	}
}

// TestAnIDOfAnotherAccountIsLikeOneThatWasMadeUp to the last word.
// A list that was exported here has lead codes as our files show them.
func TestAFileOfOursFits(t *testing.T) {
	w := newWorld()
	lines := []string{"click_id,lead_code"}
	for i, lead := range []string{"=SUM(1)", "-7", "'quoted'"} {
		o := origin(40+i, 1)
		w.convert(homing.Conversion{Click: o, Status: homing.Approved, Lead: lead})
		lines = append(lines, w.id(o)+","+[]string{"'=SUM(1)", "'-7", "'quoted'"}[i])
	}
	o := origin(50, 1)
	w.convert(homing.Conversion{Click: o, Status: homing.Approved, Lead: "plain"})
	lines = append(lines, w.id(o)+",'plain") // we guard no such text
	list := must[*List](t)(Read([]byte(strings.Join(lines, "\n"))))
	r := must[*Result](t)(w.Compare(t.Context(), report.Scope{Account: 1}, Question{List: list}))
	if got, want := strings.Join(namesOf(r.Rows), " "), "matched matched matched never_arrived"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

func TestAnIDOfAnotherAccountIsLikeOneThatWasMadeUp(t *testing.T) {
	w := newWorld()
	theirs := w.convert(homing.Conversion{Click: origin(1, 2), Status: homing.Approved, Value: cents(210)})
	list := must[*List](t)(Read([]byte("click_id,value\n" + w.id(theirs.Click) + ",2.10\n" + idB + ",2.10\n")))
	r := must[*Result](t)(w.Compare(t.Context(), report.Scope{Account: 1}, Question{List: list, From: began, Until: w.now}))
	for i := range r.Rows {
		r.Rows[i].Number, r.Rows[i].Click = 0, homing.ClickID{}
	}
	if a, b := fmt.Sprintf("%+v", r.Rows[0]), fmt.Sprintf("%+v", r.Rows[1]); a != b || r.Rows[0].Finding != NotOurs {
		t.Errorf("\n%s\n%s", a, b)
	}
	if r.Ours.Count != 0 || len(r.Lacking) > 0 {
		t.Errorf("%d of ours, %d lacking", r.Ours.Count, len(r.Lacking))
	}
	all := must[*Result](t)(w.Compare(t.Context(), report.Scope{}, Question{List: list, From: began, Until: w.now}))
	if all.Rows[0].Finding != Matched || all.Ours.Count != 1 {
		t.Errorf("operators: %s", all.Rows[0].Finding)
	}
}

// TestOnlyWhatIsInTotalsCanBeLacking, from the warehouse or without one.
func TestOnlyWhatIsInTotalsCanBeLacking(t *testing.T) {
	for _, without := range []bool{false, true} {
		w := newWorld()
		w.convert(homing.Conversion{Click: origin(1, 1), Status: homing.Rejected})
		w.convert(homing.Conversion{Click: origin(2, 1), Status: homing.LateStatus})
		test := origin(3, 1)
		test.Node = homing.FirstTestNode
		w.convert(homing.Conversion{Click: test, Status: homing.Approved})
		want := w.convert(homing.Conversion{Click: origin(4, 1), Status: homing.Pending})
		if without {
			w.Warehouse = nil
		}
		q := Question{List: must[*List](t)(Read([]byte(idB))), From: began, Until: w.now}
		r := must[*Result](t)(w.Compare(t.Context(), report.Scope{Account: 1}, q))
		if len(r.Lacking) != 1 || r.Lacking[0].Conversion.ID != want.ID || r.Ours.Count != 1 {
			t.Errorf("without a warehouse %t: %+v", without, r.Lacking)
		}
	}
}

// TestADemoIsInNoTotal but its own.
func TestADemoIsInNoTotal(t *testing.T) {
	w := newWorld()
	w.convert(homing.Conversion{Click: origin(1, 3), Status: homing.Approved})
	list := must[*List](t)(Read([]byte(idB)))
	for account, want := range map[homing.AccountID]int{0: 0, 1: 0, 3: 1} {
		r := must[*Result](t)(w.Compare(t.Context(), report.Scope{Account: account}, Question{List: list, From: began, Until: w.now}))
		if len(r.Lacking) != want || r.Ours.Count != want {
			t.Errorf("of account %s: %d lacking, %d of ours", account, len(r.Lacking), r.Ours.Count)
		}
	}
}

// TestHiddenMoneyCannotBeGuessed: not even by trying values until one fits.
func TestHiddenMoneyCannotBeGuessed(t *testing.T) {
	w := newWorld()
	k := w.convert(homing.Conversion{Click: origin(1, 1), Status: homing.Approved, Value: cents(210)})
	list := must[*List](t)(Read([]byte("click_id,value\n" + w.id(k.Click) + ",9.99\n" + w.id(k.Click) + ",2.10\n")))
	r := must[*Result](t)(w.Compare(t.Context(), report.Scope{Account: 1, HideMoney: true}, Question{List: list}))
	if got := strings.Join(namesOf(r.Rows), " "); got != "matched repeated" {
		t.Error(got)
	}
	var file bytes.Buffer
	if err := r.WriteCSV(&file, w.View()); err != nil {
		t.Fatal(err)
	}
	if text := file.String(); strings.Contains(text, "2.1") || strings.Contains(text, "9.99") || r.Ours.Value.Given() || r.Listed.Value.Given() {
		t.Errorf("told:\n%s", text)
	}
}

func TestTheWarehouseMayBeAway(t *testing.T) {
	w := newWorld()
	w.Warehouse = away{}
	k := w.convert(homing.Conversion{Click: origin(1, 1), Status: homing.Approved})
	list := must[*List](t)(Read([]byte(w.id(k.Click) + "\n" + w.id(origin(2, 1)))))
	r := must[*Result](t)(w.Compare(t.Context(), report.Scope{}, Question{List: list}))
	if got := strings.Join(namesOf(r.Rows), " "); got != "matched never_arrived" || len(r.Incomplete) != 2 {
		t.Errorf("%s, incomplete %q", got, r.Incomplete)
	}
}

// TestFilesAreSafeInSpreadsheets: what came from a list goes back as text.
func TestFilesAreSafeInSpreadsheets(t *testing.T) {
	w := newWorld()
	for _, evil := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1"} {
		text := "click_id,lead_code\n" + w.id(origin(1, 1)) + ",\"" + evil + "\"\n\"" + evil + "\",x\n"
		r := must[*Result](t)(w.Compare(t.Context(), report.Scope{}, Question{List: must[*List](t)(Read([]byte(text)))}))
		var file bytes.Buffer
		if err := r.WriteCSV(&file, w.View()); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(file.String()) {
			for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
				if cell = strings.Trim(cell, `"`); cell != "" && strings.ContainsAny(cell[:1], "=+-@\t") {
					t.Errorf("%q stands as %q", evil, cell)
				}
			}
		}
	}
}

// TestTenThousandIDsAreQuick: the bound is wide, the machine may be busy.
func TestTenThousandIDsAreQuick(t *testing.T) {
	w := newWorld()
	var text strings.Builder
	for i := range MaxLines {
		o := homing.Origin{Time: began + homing.Millis(i), Node: 3, Campaign: 1}
		text.WriteString(w.id(o) + ",2.10\n")
	}
	start := time.Now()
	list := must[*List](t)(Read([]byte(text.String())))
	r := must[*Result](t)(w.Compare(t.Context(), report.Scope{}, Question{List: list}))
	if took := time.Since(start); took > 3*time.Second || len(r.Rows) != MaxLines {
		t.Errorf("%d rows in %s", len(r.Rows), took)
	}
}
