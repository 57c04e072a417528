package ledgertest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

func testDecide(t *testing.T, store Store) {
	t.Run("once over a hundred at a time", func(t *testing.T) { decideParallel(t, fresh(t, store)) })
	t.Run("what makes an identity", func(t *testing.T) { decideIdentity(t, fresh(t, store)) })
	t.Run("a duplicate tells of the first", func(t *testing.T) { decideDuplicate(t, fresh(t, store)) })
	t.Run("with and without lead code", func(t *testing.T) { decideMixed(t, fresh(t, store)) })
	t.Run("nothing of the claim is kept", func(t *testing.T) { decideBuffers(t, fresh(t, store)) })
	t.Run("refused", func(t *testing.T) { decideRefused(t, fresh(t, store)) })
	t.Run("a duplicate is never told before the first is stored", func(t *testing.T) { decideOrder(t, fresh(t, store)) })
}

func decideParallel(t *testing.T, l ledger.Ledger) {
	const clicks, callers = 5, 100
	var firsts [clicks]atomic.Int32
	var number [clicks]atomic.Int64
	together(clicks*callers, func(i int) {
		d, err := l.Decide(ctx(t), Claim(Origin(i%clicks), "same"))
		if err != nil {
			t.Error(err)
			return
		}
		if d.First {
			firsts[i%clicks].Add(1)
		}
		if old := number[i%clicks].Swap(int64(d.Conversion)); old != 0 && old != int64(d.Conversion) {
			t.Errorf("click %d is told to have conversions %d and %d", i%clicks, old, d.Conversion)
		}
	})
	for i := range firsts {
		equal(t, fmt.Sprintf("firsts of click %d", i), firsts[i].Load(), 1)
	}
	equal(t, "conversions", len(all(t, l.Conversions(ctx(t), ledger.ConversionQuery{}))), clicks)
}

func decideIdentity(t *testing.T, l ledger.Ledger) {
	claims := map[string]*ledger.Claim{}
	for _, lead := range []string{"", "ABC", "abc", "abc ", "\x00", "\x00\x00", "\xff\xfe", "é", "e\u0301", "1", "01", "1.0", "~1"} {
		claims[fmt.Sprintf("lead %q", lead)] = Claim(Origin(1), lead)
	}
	goal := Claim(Origin(1), "ABC")
	goal.Goal = 2
	claims["another goal"] = goal
	claims["another click"] = Claim(Origin(2), "ABC")
	seen := map[homing.ConversionID]string{}
	for name, c := range claims {
		d := decide(t, l, c)
		if !d.First {
			t.Errorf("%s is taken for %s", name, seen[d.Conversion])
		}
		seen[d.Conversion] = name
	}
	for name, c := range claims {
		if d := decide(t, l, c); d.First || seen[d.Conversion] != name {
			t.Errorf("the repeat of %s: %+v, which is %s", name, d, seen[d.Conversion])
		}
	}
	for _, c := range all(t, l.Conversions(ctx(t), ledger.ConversionQuery{})) {
		if want := claims[seen[c.ID]]; c.Lead != string(want.Lead) || c.Goal != want.Goal || c.Click != want.Click {
			t.Errorf("%s is stored as %+v", seen[c.ID], c)
		}
	}
}

func decideDuplicate(t *testing.T, l ledger.Ledger) {
	first := Claim(Origin(1), "")
	first.Status, first.Value = homing.Pending, homing.Value{}
	d := decide(t, l, first)
	equal(t, "first", d, ledger.Decision{First: true, Conversion: 1, Status: homing.Pending})
	repeat := Claim(Origin(1), "")
	repeat.Value, repeat.Account = homing.ValueOf(9*homing.Unit), 7
	equal(t, "duplicate", decide(t, l, repeat), ledger.Decision{Conversion: 1, Status: homing.Pending})
	must(t, l.Amend(ctx(t), ledger.Amendment{Conversion: 1, From: homing.Pending, To: homing.Rejected, At: Noon, Actor: "user 1"}))
	equal(t, "duplicate of a rejected one", decide(t, l, repeat), ledger.Decision{Conversion: 1, Status: homing.Rejected})

	late := Claim(Origin(2), "")
	late.Status, late.Value = homing.LateStatus, homing.ValueOf(0)
	equal(t, "late", decide(t, l, late), ledger.Decision{First: true, Conversion: 2, Status: homing.LateStatus, Value: homing.ValueOf(0)})
	equal(t, "duplicate of a late one", decide(t, l, Claim(Origin(2), "")),
		ledger.Decision{Conversion: 2, Status: homing.LateStatus, Value: homing.ValueOf(0)})
}

func decideMixed(t *testing.T, l ledger.Ledger) {
	type step struct {
		click int
		lead  string
		goal  homing.GoalID
		mixed bool
	}
	steps := []step{
		{1, "", 0, false}, {1, "a", 0, true}, {1, "", 0, true}, // simple first
		{2, "a", 0, false}, {2, "b", 0, false}, {2, "", 0, true}, {2, "a", 0, true}, // lead first
		{3, "", 1, false}, {3, "", 2, false}, {3, "a", 2, true}, // goals do not matter
		{4, "a", 0, false}, {4, "a", 0, false},
	}
	for i, s := range steps {
		c := Claim(Origin(s.click), s.lead)
		c.Goal = s.goal
		d := decide(t, l, c)
		equal(t, fmt.Sprintf("step %d %+v, mixed", i, s), d.Mixed, s.mixed)
		if !d.First {
			continue
		}
		for _, stored := range all(t, l.Conversions(ctx(t), ledger.ConversionQuery{After: d.Conversion - 1, Limit: 1})) {
			equal(t, fmt.Sprintf("step %d %+v, flag", i, s), stored.Flags.Has(homing.FlagSimpleAndLead), s.mixed)
			equal(t, "the judge's flag", stored.Flags.Has(homing.FlagBrowser), true)
		}
	}
}

// decideBuffers uses one claim's buffers for the next at once, as a door does.
func decideBuffers(t *testing.T, l ledger.Ledger) {
	buf := []byte("lead 0")
	for i := range 20 {
		buf[5] = 'a' + byte(i)
		c := Claim(Origin(1), "")
		c.Lead = buf
		decide(t, l, c)
		clear(c.Receipt)
	}
	for i, c := range all(t, l.Conversions(ctx(t), ledger.ConversionQuery{})) {
		equal(t, "lead", c.Lead, "lead "+string(rune('a'+i)))
	}
	equal(t, "receipts", len(all(t, l.Receipts(ctx(t), ledger.ReceiptQuery{}))), 20)
}

func decideRefused(t *testing.T, l ledger.Ledger) {
	rejected := Claim(Origin(1), "")
	rejected.Status = homing.Rejected
	_, err := l.Decide(ctx(t), rejected)
	mustBe(t, err, homing.ErrInvalid)
	ended, cancel := context.WithCancel(ctx(t))
	cancel()
	_, err = l.Decide(ended, Claim(Origin(1), ""))
	mustBe(t, err, homing.ErrUnavailable)
	mustBe(t, err, context.Canceled)
}

// decideOrder looks, right after a duplicate was told, for the first in the
// books.
func decideOrder(t *testing.T, l ledger.Ledger) {
	together(40, func(i int) {
		for n := range 10 {
			d, err := l.Decide(ctx(t), Claim(Origin(n), "x"))
			if err != nil {
				t.Error(err)
				return
			}
			if d.First {
				continue
			}
			found, err := l.ConversionsOf(ctx(t), Origin(n))
			if err != nil || len(found) != 1 || found[0].ID != d.Conversion {
				t.Errorf("duplicate of %v told, but stored is %v, %v", d.Conversion, found, err)
			}
		}
	})
}

func testAmend(t *testing.T, store Store) {
	l := fresh(t, store)
	const p, a, r, late = homing.Pending, homing.Approved, homing.Rejected, homing.LateStatus
	allowed := map[[2]homing.Status]bool{
		{p, a}: true, {a, p}: true, {a, r}: true, {r, a}: true, {p, r}: true, {r, p}: true,
		{late, a}: true, {late, p}: true, {late, r}: true,
	}
	click := 0
	for _, from := range []homing.Status{p, a, r, late} {
		for _, to := range []homing.Status{0, p, a, r, late, 9} {
			click++
			t.Run(fmt.Sprintf("%v to %d", from, to), func(t *testing.T) {
				amend(t, l, click, from, to, allowed[[2]homing.Status{from, to}])
			})
		}
	}
	mustBe(t, l.Amend(ctx(t), ledger.Amendment{Conversion: 99999, From: p, To: a}), homing.ErrNotFound)
}

// amend makes a conversion stand at from and moves it.
func amend(t *testing.T, l ledger.Ledger, click int, from, to homing.Status, allowed bool) {
	c := Claim(Origin(click), "")
	if c.Status = from; from == homing.Rejected {
		c.Status = homing.Approved
	}
	id := decide(t, l, c).Conversion
	want := []homing.Change{{Conversion: id, At: c.At, To: c.Status, Actor: "postback"}}
	if from == homing.Rejected {
		must(t, l.Amend(ctx(t), ledger.Amendment{Conversion: id, From: homing.Approved, To: from, At: Noon + 2, Actor: "user 1", Reason: "why"}))
		want = append(want, homing.Change{Conversion: id, At: Noon + 2, From: homing.Approved, To: from, Actor: "user 1", Reason: "why"})
	}
	other := homing.Pending + homing.Approved - from // a status it does not have
	if from != homing.Pending && from != homing.Approved {
		other = homing.Approved
	}
	mustBe(t, l.Amend(ctx(t), ledger.Amendment{Conversion: id, From: other, To: homing.Rejected, At: Noon}), homing.ErrConflict)

	move := ledger.Amendment{Conversion: id, From: from, To: to, At: Noon + 5, Actor: "user 2", Reason: "a reason"}
	end, flag := from, false
	if err := l.Amend(ctx(t), move); allowed {
		must(t, err)
		want = append(want, homing.Change{Conversion: id, At: Noon + 5, From: from, To: to, Actor: "user 2", Reason: "a reason"})
		end, flag = to, from == homing.LateStatus && to != homing.Rejected
		mustBe(t, l.Amend(ctx(t), move), homing.ErrConflict)
	} else {
		mustBe(t, err, homing.ErrInvalid)
	}
	found, err := l.ConversionsOf(ctx(t), Origin(click))
	must(t, err)
	equal(t, "status", found[0].Status, end)
	equal(t, "late_accepted", found[0].Flags.Has(homing.FlagLateAccepted), flag)

	history, err := l.History(ctx(t), id)
	must(t, err)
	for i := range history {
		if i > 0 && history[i].Number <= history[i-1].Number {
			t.Errorf("history is out of order: %+v", history)
		}
		history[i].Number = 0
	}
	equal(t, "history", fmt.Sprintf("%+v", history), fmt.Sprintf("%+v", want))
}
