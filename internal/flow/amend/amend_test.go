package amend_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/amend"
)

func (s *stage) wants(got []amend.Line, want ...string) {
	s.t.Helper()
	if list := brief(got); !slices.Equal(list, want) {
		s.t.Errorf("got\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
}

func TestEveryVerbFitsWhereItShould(t *testing.T) {
	s := open(t)
	var ids []homing.ConversionID // in the order pending, approved, rejected, late
	for _, status := range []homing.Status{homing.Pending, homing.Approved, homing.Approved, homing.LateStatus} {
		ids = append(ids, s.convert(s.click(), "", 0, status))
	}
	s.must(s.ledger.Amend(t.Context(), ledger.Amendment{Conversion: ids[2], From: homing.Approved, To: homing.Rejected}))
	list := fmt.Sprintf("%d\n%d\n%d\n%d", ids[0], ids[1], ids[2], ids[3])
	for _, c := range []struct {
		task amend.Task
		want []string
	}{
		{amend.Task{Verb: amend.Approve}, []string{
			"1 ready", "2 unchanged: It is approved already.", "3 refused: It is rejected: restore it instead.", "4 refused: It is late: accept it instead."}},
		{amend.Task{Verb: amend.Reject}, []string{"1 ready", "2 ready", "3 unchanged: It is rejected already.", "4 ready"}},
		{amend.Task{Verb: amend.Restore}, []string{"1 refused: It is pending: only what is rejected can be restored.",
			"2 unchanged: It is approved already.", "3 ready", "4 refused: It is late: accept it instead."}},
		{amend.Task{Verb: amend.Restore, Pending: true}, []string{"1 unchanged: It is pending already.",
			"2 refused: It is approved: only what is rejected can be restored.", "3 ready", "4 refused: It is late: accept it instead."}},
		{amend.Task{Verb: amend.Accept}, []string{"1 refused: It is pending: only what is late can be accepted.",
			"2 unchanged: It is approved already.", "3 refused: It is rejected: restore it instead.", "4 ready"}},
		{amend.Task{}, []string{"1 refused: The line names no status: write approved, rejected or pending.",
			"2 refused: The line names no status: write approved, rejected or pending.",
			"3 refused: The line names no status: write approved, rejected or pending.",
			"4 refused: The line names no status: write approved, rejected or pending."}},
	} {
		t.Run(c.task.Verb.String(), func(t *testing.T) { s.wants(s.plan(c.task, list), c.want...) })
	}
	s.wants(s.plan(amend.Task{}, "1,late\n4,late"), "1 refused: Nothing can be made late: only a postback arrives late.", "2 unchanged: It is late already.")
}

func TestAConversionIsFoundByClickAndLead(t *testing.T) {
	s := open(t)
	one, many := s.click(), s.click()
	s.convert(one, "", 0, homing.Approved)
	for _, lead := range []string{"a", "=b", "a,c"} {
		s.convert(many, lead, 0, homing.Approved)
	}
	s.convert(many, "a", 7, homing.Approved)
	foreign, err := homing.NewKeyring(homing.MasterKey{ID: "00000002", Secret: [32]byte{2}})
	s.must(err)
	reject := amend.Task{Verb: amend.Reject}
	s.wants(s.plan(reject, strings.Join([]string{
		s.id(one), s.id(many), s.id(many) + ",=b", s.id(many) + `,"a,c"`, s.id(many) + ",a", s.id(many) + ",zz", s.id(s.click()),
		foreign.Seal(one).String(), "99", s.id(one),
	}, "\n")),
		"1 ready", "2 refused: The click has 4 conversions that fit: name the one by its number, or add lead code and goal.", "3 ready", "4 ready",
		"5 refused: The click has 2 conversions that fit: name the one by its number, or add lead code and goal.",
		"6 refused: The click has no conversion with this lead code and goal.", "7 refused: The click has no conversion.",
		"8 refused: This click id was not made here.", "9 refused: There is no conversion 99.", "10 refused: Line 1 is about the same conversion.")
	s.wants(s.plan(reject, "click_id,lead_code,goal\n"+s.id(many)+",a,7\n"+s.id(many)+",a,0\n"+s.id(many)+",'=b,"), "2 ready", "3 ready", "4 ready")
	s.wants(s.plan(reject, "id,click_id\n1,"+s.id(one)+"\n2,"+s.id(one)), "2 ready", "3 refused: Conversion 2 is of another click than the line says.")
	s.wants(s.plan(reject, s.id(one)+",approved"), `1 refused: The click has no conversion with the lead code "approved". If that is a status, begin the list with a line of names: click_id,status.`)
}

// What changed after the preview is left alone, and told.
func TestWhatChangedMeanwhileIsLeftAlone(t *testing.T) {
	s := open(t)
	for range 3 {
		s.convert(s.click(), "", 0, homing.Pending)
	}
	task := amend.Task{Verb: amend.Approve, Actor: "user 1"}
	plan := s.plan(task, "1\n2\n3")
	s.must(s.ledger.Amend(t.Context(), ledger.Amendment{Conversion: 2, From: homing.Pending, To: homing.Rejected, Actor: "user 2"}))
	s.wants(s.CarryOut(t.Context(), task, plan, nil),
		"1 changed", "2 overtaken: Somebody else made it rejected in the meantime; it was left alone.", "3 changed")
	s.wants(plan, "1 ready", "2 ready", "3 ready") // the plan is nobody's to change
	if got := s.status(2); got != homing.Rejected {
		t.Errorf("it is %v", got)
	}
	line, err := s.One(t.Context(), task, amend.Order{Line: 1, Conversion: 1, From: homing.Pending, To: homing.Rejected})
	if s.must(err); line.Result != amend.Unchanged { // approved is where the verb leads
		t.Errorf("%+v", line)
	}
	line, err = s.One(t.Context(), amend.Task{}, amend.Order{Line: 1, Conversion: 1, From: homing.Pending, To: homing.Rejected})
	if s.must(err); line.Result != amend.Overtaken || line.Problem != "It is approved, not pending." {
		t.Errorf("%+v", line)
	}
}

func TestReasonsAreKeptWithoutKeys(t *testing.T) {
	s := open(t)
	s.convert(s.click(), "", 0, homing.Pending)
	_, secret, err := s.catalog.AddKey(t.Context(), "test", s.campaign.Account, "k")
	s.must(err)
	line, err := s.One(t.Context(), amend.Task{Actor: "user 1", Reason: "their key is " + secret.Reveal() + ", they say"}, amend.Order{Conversion: 1, To: homing.Rejected})
	if s.must(err); line.Result != amend.Changed {
		t.Fatalf("%+v", line)
	}
	history, err := s.ledger.History(t.Context(), 1)
	s.must(err)
	if last := history[1]; strings.Contains(last.Reason, secret.Reveal()) || !strings.HasPrefix(last.Reason, "their key is key:") || last.Actor != "user 1" {
		t.Errorf("%q by %s", last.Reason, last.Actor)
	}
	for _, bad := range []string{"line\nbreak", "nul\x00", "no\xffutf8", strings.Repeat("x", 501)} {
		if _, err := s.Plan(t.Context(), amend.Task{Reason: bad}, nil); !errors.Is(err, homing.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
		line, err := s.One(t.Context(), amend.Task{}, amend.Order{Conversion: 1, To: homing.Approved, Reason: bad})
		if s.must(err); line.Result != amend.Refused {
			t.Errorf("%q: %+v", bad, line)
		}
	}
}

// failing refuses what it is told to.
type failing struct {
	err   func(n int64) error
	calls atomic.Int64
}

func (f *failing) Amend(context.Context, ledger.Amendment) error { return f.err(f.calls.Add(1)) }

func TestAFullDiskEndsTheWork(t *testing.T) {
	s := open(t)
	for range 600 {
		s.convert(s.click(), "", 0, homing.Pending)
	}
	var list strings.Builder
	for i := range 600 {
		fmt.Fprintln(&list, i+1)
	}
	task := amend.Task{Verb: amend.Approve}
	plan := s.plan(task, list.String())
	full := &failing{err: func(int64) error { return homing.ErrUnavailable }}
	s.Decider = full
	counts := amend.Counts(s.CarryOut(t.Context(), task, plan, nil))
	if counts[amend.Failed] != 600 || full.calls.Load() > 200 {
		t.Errorf("%v after %d calls", counts, full.calls.Load())
	}
	busy := &failing{err: func(n int64) error {
		if n <= 200 {
			return homing.ErrOverloaded
		}
		return nil
	}}
	s.Decider = busy
	if counts := amend.Counts(s.CarryOut(t.Context(), task, plan, nil)); counts[amend.Changed] != 600 {
		t.Errorf("an overloaded ledger: %v", counts)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.Decider = &failing{err: func(int64) error { return context.Canceled }}
	if lines := s.CarryOut(gone, task, plan, nil); lines[599].Problem != "Not tried: the work was interrupted." {
		t.Errorf("%+v", lines[599])
	}
}

// Two who change the same conversions at once: each is changed once.
func TestTwoAtOnce(t *testing.T) {
	s := open(t)
	var list strings.Builder
	for i := range 500 {
		s.convert(s.click(), "", 0, homing.Pending)
		fmt.Fprintln(&list, i+1)
	}
	tasks := []amend.Task{{Verb: amend.Approve, Actor: "user 1"}, {Verb: amend.Reject, Actor: "user 2"}}
	plans := [][]amend.Line{s.plan(tasks[0], list.String()), s.plan(tasks[1], list.String())}
	results := make([]map[amend.Result]int, 2)
	var both sync.WaitGroup
	for i := range tasks {
		both.Go(func() { results[i] = amend.Counts(s.CarryOut(t.Context(), tasks[i], plans[i], nil)) })
	}
	both.Wait()
	if results[0][amend.Changed]+results[1][amend.Changed] != 500 || results[0][amend.Overtaken] != results[1][amend.Changed] {
		t.Errorf("%v", results)
	}
}

func TestTenThousandTakeSeconds(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 10,000 conversions")
	}
	s := open(t)
	var list strings.Builder
	origins := make([]homing.Origin, amend.MaxLines)
	for i := range origins {
		origins[i] = s.click()
		fmt.Fprintln(&list, s.id(origins[i]))
	}
	var makers sync.WaitGroup
	for part := range slices.Chunk(origins, 100) {
		makers.Go(func() {
			for _, o := range part {
				s.convert(o, "", 0, homing.Pending)
			}
		})
	}
	makers.Wait()
	task := amend.Task{Verb: amend.Approve, Actor: "user 1"}
	began := time.Now()
	plan := s.plan(task, list.String())
	planned := time.Since(began)
	began = time.Now()
	counts := amend.Counts(s.CarryOut(t.Context(), task, plan, nil))
	t.Logf("10,000 lines: %v to look at, %v to carry out", planned, time.Since(began))
	if counts[amend.Changed] != amend.MaxLines {
		t.Errorf("%v", counts)
	}
	// It takes a second or two where nobody else works; this is for what hangs.
	if took := planned + time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %v", took)
	}
}
