package amend_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/amend"
)

// model is what conversions should be.
type model struct {
	status  homing.Status
	history []homing.Status
}

// allowed says it in another way than the program does.
func allowed(verb amend.Verb, from, to homing.Status) bool {
	if to == homing.LateStatus || to == 0 {
		return false
	}
	switch verb {
	case amend.Approve:
		return from == homing.Pending
	case amend.Reject:
		return from != homing.Rejected
	case amend.Restore:
		return from == homing.Rejected
	case amend.Accept:
		return from == homing.LateStatus
	}
	return true
}

// Random lists of random changes agree with the model: only allowed moves are
// made, each is in the history, once, and the totals are what they should be.
func TestRandomChangesAgreeWithAModel(t *testing.T) {
	s := open(t)
	var all []*model
	names := []homing.Status{homing.Pending, homing.Approved, homing.Rejected, homing.LateStatus}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "born") {
			status := rapid.SampledFrom([]homing.Status{homing.Pending, homing.Approved, homing.LateStatus}).Draw(rt, "first")
			s.convert(s.click(), "", 0, status)
			all = append(all, &model{status, []homing.Status{status}})
		}
		task := amend.Task{
			Verb:    rapid.SampledFrom([]amend.Verb{amend.Set, amend.Approve, amend.Reject, amend.Restore, amend.Accept}).Draw(rt, "verb"),
			Pending: rapid.Bool().Draw(rt, "pending"), Actor: "user 1",
		}
		var list strings.Builder
		said := map[int]homing.Status{}
		chosen := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, min(len(all), 12), rapid.ID).Draw(rt, "which")
		for _, i := range chosen {
			said[i] = rapid.SampledFrom(names).Draw(rt, "to")
			fmt.Fprintf(&list, "%d,%s\n", i+1, said[i])
		}
		plan := s.plan(task, list.String())
		if i := chosen[0]; rapid.Bool().Draw(rt, "meddled") { // somebody else is faster
			to := rapid.SampledFrom(names[:3]).Draw(rt, "theirs")
			err := s.ledger.Amend(t.Context(), ledger.Amendment{Conversion: homing.ConversionID(i + 1), From: all[i].status, To: to, Actor: "user 2"})
			if err == nil {
				all[i].move(to)
			}
		}
		for n, line := range s.CarryOut(t.Context(), task, plan, nil) {
			i := chosen[n]
			to := said[i]
			switch {
			case task.Verb == amend.Approve:
				to = homing.Approved
			case task.Verb == amend.Reject:
				to = homing.Rejected
			case task.Verb != amend.Set && task.Pending:
				to = homing.Pending
			case task.Verb != amend.Set:
				to = homing.Approved
			}
			saw := plan[n].Found.Status
			want := amend.Refused
			switch {
			case to == saw:
				want = amend.Unchanged
			case allowed(task.Verb, saw, to) && all[i].status != saw:
				want = amend.Overtaken
			case allowed(task.Verb, saw, to):
				want = amend.Changed
				all[i].move(to)
			}
			if line.Result != want {
				rt.Fatalf("%v %v → %v (now %v): %v, want %v", task.Verb, saw, to, all[i].status, line.Result, want)
			}
		}
		s.agrees(rt, all)
	})
}

func (m *model) move(to homing.Status) { m.status, m.history = to, append(m.history, to) }

func (s *stage) agrees(rt *rapid.T, all []*model) {
	want, got := map[homing.Status]int{}, map[homing.Status]int{}
	for i, m := range all {
		want[m.status]++
		history, err := s.ledger.History(s.t.Context(), homing.ConversionID(i+1))
		if err != nil || len(history) != len(m.history) {
			rt.Fatalf("conversion %d: %d steps, want %d, %v", i+1, len(history), len(m.history), err)
		}
		for n, step := range history {
			if step.To != m.history[n] || n > 0 && step.From != m.history[n-1] {
				rt.Fatalf("conversion %d, step %d: %v → %v", i+1, n, step.From, step.To)
			}
		}
	}
	for c, err := range s.ledger.Conversions(s.t.Context(), ledger.ConversionQuery{}) {
		if err != nil {
			rt.Fatal(err)
		}
		got[c.Status]++
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		rt.Fatalf("totals %v, want %v", got, want)
	}
}
