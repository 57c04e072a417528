package ledgertest

import (
	"fmt"
	"sync"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

func testBooks(t *testing.T, store Store) {
	t.Run("changes have no gaps", func(t *testing.T) { changesGapless(t, fresh(t, store)) })
	t.Run("conversions", func(t *testing.T) { conversionLists(t, fresh(t, store)) })
	t.Run("receipts", func(t *testing.T) { receiptLists(t, fresh(t, store)) })
	t.Run("replayed", func(t *testing.T) { replayed(t, fresh(t, store)) })
	t.Run("long lists", func(t *testing.T) { longLists(t, fresh(t, store)) })
	t.Run("history of none", func(t *testing.T) {
		_, err := fresh(t, store).History(ctx(t), 7)
		mustBe(t, err, homing.ErrNotFound)
	})
}

// changesGapless follows the feed while claims, refused amendments and good
// ones are made.
func changesGapless(t *testing.T, l ledger.Ledger) {
	const writers, each = 16, 40
	var follower sync.WaitGroup
	follower.Go(func() {
		seen := int64(0)
		for seen < writers*each*2 {
			changes, err := l.Changes(t.Context(), seen, 7)
			if err != nil || len(changes) > 7 {
				t.Error(len(changes), err)
				return
			}
			for _, c := range changes {
				if c.Number != seen+1 {
					t.Errorf("change %d follows %d", c.Number, seen)
					return
				}
				seen++
			}
		}
	})
	together(writers, func(w int) {
		for i := range each {
			d, err := l.Decide(ctx(t), Claim(Origin(w*each+i), ""))
			if err != nil {
				t.Error(err)
				return
			}
			wrong := ledger.Amendment{Conversion: d.Conversion, From: homing.Pending, To: homing.Rejected, At: Noon}
			if l.Amend(ctx(t), wrong) == nil {
				t.Error("amended from a status it did not have")
			}
			right := ledger.Amendment{Conversion: d.Conversion, From: homing.Approved, To: homing.Rejected, At: Noon}
			if err := l.Amend(ctx(t), right); err != nil {
				t.Error(err)
			}
		}
	})
	follower.Wait()
	none, err := l.Changes(ctx(t), 0, 0)
	must(t, err)
	equal(t, "changes at most 0", len(none), 0)
}

// conversionLists stores twelve conversions of two accounts, three campaigns,
// three statuses and six moments.
func conversionLists(t *testing.T, l ledger.Ledger) {
	for i := range 12 {
		c := Claim(homing.Origin{Time: Noon, Node: 1, Seq: uint16(i), Campaign: homing.CampaignID(i%3 + 1)}, "")
		c.Account = homing.AccountID(i%2 + 1)
		c.Status = []homing.Status{homing.Approved, homing.Pending, homing.LateStatus}[i/4]
		c.At = Noon + homing.Millis(i/2)
		c.Goal = homing.GoalID(i)
		equal(t, "number", decide(t, l, c).Conversion, homing.ConversionID(i+1))
	}
	for _, c := range []struct {
		query ledger.ConversionQuery
		want  string
	}{
		{ledger.ConversionQuery{}, "[1 2 3 4 5 6 7 8 9 10 11 12]"},
		{ledger.ConversionQuery{Newest: true}, "[12 11 10 9 8 7 6 5 4 3 2 1]"},
		{ledger.ConversionQuery{After: 9}, "[10 11 12]"},
		{ledger.ConversionQuery{After: 4, Newest: true}, "[3 2 1]"},
		{ledger.ConversionQuery{After: 1, Newest: true}, "[]"},
		{ledger.ConversionQuery{After: 12}, "[]"},
		{ledger.ConversionQuery{After: 100}, "[]"},
		{ledger.ConversionQuery{After: 3, Limit: 2}, "[4 5]"},
		{ledger.ConversionQuery{Limit: 3, Newest: true}, "[12 11 10]"},
		{ledger.ConversionQuery{Account: 2}, "[2 4 6 8 10 12]"},
		{ledger.ConversionQuery{Account: 2, After: 6, Newest: true, Limit: 1}, "[4]"},
		{ledger.ConversionQuery{Campaign: 3}, "[3 6 9 12]"},
		{ledger.ConversionQuery{Campaign: 3, Account: 1}, "[3 9]"},
		{ledger.ConversionQuery{Status: homing.Pending}, "[5 6 7 8]"},
		{ledger.ConversionQuery{Since: Noon + 4}, "[9 10 11 12]"},
		{ledger.ConversionQuery{Until: Noon + 1}, "[1 2]"},
		{ledger.ConversionQuery{Since: Noon + 1, Until: Noon + 3, Status: homing.Pending, Newest: true}, "[6 5]"},
		{ledger.ConversionQuery{Account: 9}, "[]"},
	} {
		equal(t, fmt.Sprintf("%+v", c.query), ids(all(t, l.Conversions(ctx(t), c.query))), c.want)
	}
	got, err := l.ConversionsOf(ctx(t), homing.Origin{Time: Noon, Node: 1, Seq: 4, Campaign: 2})
	must(t, err)
	equal(t, "whole row", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", []homing.Conversion{{
		ID: 5, Click: homing.Origin{Time: Noon, Node: 1, Seq: 4, Campaign: 2}, Goal: 4, Account: 1, Campaign: 2,
		Status: homing.Pending, Value: homing.ValueOf(3 * homing.Unit / 2), Price: homing.Unit / 4, Currency: "EUR",
		Flags: homing.FlagBrowser, At: Noon + 2, Request: homing.NewRequestID(Noon+1, 1, 4),
	}}))
	for c, err := range l.Conversions(ctx(t), ledger.ConversionQuery{}) { // a reader may stop early
		must(t, err)
		if c.ID == 2 {
			break
		}
	}
}

func receiptLists(t *testing.T, l ledger.Ledger) {
	for i, lead := range []string{"", "a", "b"} {
		c := Claim(Origin(1), lead)
		c.At = Noon + homing.Millis(i)
		c.Receipt = Receipt(c)
		decide(t, l, c)
		decide(t, l, c) // a duplicate leaves none
	}
	other := Claim(Origin(2), "")
	other.Account, other.At = 2, Noon+3
	other.Receipt = Receipt(other)
	decide(t, l, other)

	got := all(t, l.Receipts(ctx(t), ledger.ReceiptQuery{Limit: 2}))
	want, err := homing.DecodePostback(Receipt(func() *ledger.Claim { c := Claim(Origin(1), "a"); c.At = Noon + 1; return c }()))
	must(t, err)
	want.Conversion = 2
	want.Verdict.Flags |= homing.FlagSimpleAndLead
	equal(t, "receipt", fmt.Sprintf("%+v", got[1]), fmt.Sprintf("%+v", want))

	for _, c := range []struct {
		query ledger.ReceiptQuery
		want  string
	}{
		{ledger.ReceiptQuery{}, "[1 2 3 4]"},
		{ledger.ReceiptQuery{Newest: true, Limit: 3}, "[4 3 2]"},
		{ledger.ReceiptQuery{Newest: true, After: 3}, "[2 1]"},
		{ledger.ReceiptQuery{After: 3}, "[4]"},
		{ledger.ReceiptQuery{Account: 2}, "[4]"},
		{ledger.ReceiptQuery{Click: Origin(1)}, "[1 2 3]"},
		{ledger.ReceiptQuery{Click: Origin(1), Newest: true, Limit: 1}, "[3]"},
		{ledger.ReceiptQuery{Click: Origin(1), Account: 2}, "[]"},
		{ledger.ReceiptQuery{Click: Origin(3)}, "[]"},
		{ledger.ReceiptQuery{Since: Noon + 1, Until: Noon + 3}, "[2 3]"},
	} {
		var numbers []homing.ConversionID
		for _, p := range all(t, l.Receipts(ctx(t), c.query)) {
			numbers = append(numbers, p.Conversion)
		}
		equal(t, fmt.Sprintf("%+v", c.query), fmt.Sprint(numbers), c.want)
	}
}

// replayed: a conversion that was asked for later stands at its postback's time
// and says who asked; its receipt stands at its own.
func replayed(t *testing.T, l ledger.Ledger) {
	decide(t, l, Claim(Origin(1), ""))
	c := Claim(Origin(2), "")
	const later = Noon + 86_400_000
	c.Actor, c.Reason, c.Made = "user 3", "mended", later
	c.Flags, c.Request = c.Flags|homing.FlagReplayed, homing.NewRequestID(later, 1, 9)
	at := c.At
	c.At = later
	c.Receipt = Receipt(c)
	c.At = at
	decide(t, l, c)
	history, err := l.History(ctx(t), 2)
	must(t, err)
	equal(t, "history", history[0], homing.Change{Number: 2, Conversion: 2, At: later, To: homing.Approved, Actor: "user 3", Reason: "mended"})
	found, err := l.ConversionsOf(ctx(t), Origin(2))
	must(t, err)
	equal(t, "its time", found[0].At, at)
	for _, of := range []struct {
		query ledger.ReceiptQuery
		want  string
	}{
		{ledger.ReceiptQuery{}, "[1 2]"},
		{ledger.ReceiptQuery{Since: at}, "[1 2]"},
		{ledger.ReceiptQuery{Since: later}, "[2]"},
		{ledger.ReceiptQuery{Since: later + 1}, "[]"},
		{ledger.ReceiptQuery{Until: later}, "[1]"},
		{ledger.ReceiptQuery{Until: later + 1}, "[1 2]"},
	} {
		var numbers []homing.ConversionID
		for _, p := range all(t, l.Receipts(ctx(t), of.query)) {
			numbers = append(numbers, p.Conversion)
		}
		equal(t, fmt.Sprintf("%+v", of.query), fmt.Sprint(numbers), of.want)
	}
}

// longLists reads lists of several pages, by filters that find little and
// much, while conversions are added.
func longLists(t *testing.T, l ledger.Ledger) {
	const n = 3000
	together(50, func(w int) {
		for i := w; i < n; i += 50 {
			c := Claim(Origin(i), "")
			if i%1000 == 0 {
				c.Account = 2
			}
			if _, err := l.Decide(ctx(t), c); err != nil {
				t.Error(err)
			}
		}
	})
	for _, newest := range []bool{false, true} {
		added := 0
		list := func(q ledger.ConversionQuery, want int) {
			t.Helper()
			q.Newest = newest
			last, count := homing.ConversionID(0), 0
			for c, err := range l.Conversions(ctx(t), q) {
				must(t, err)
				if last != 0 && (c.ID < last) != newest {
					t.Fatalf("%v after %v", c.ID, last)
				}
				last = c.ID
				if count++; count%500 == 0 { // what comes now need not be listed, and must not hang
					extra := Claim(Origin(100000+added), fmt.Sprint(newest))
					extra.Account = 3
					added++
					decide(t, l, extra)
				}
			}
			if count < want {
				t.Errorf("%+v: %d listed, want %d or more", q, count, want)
			}
		}
		list(ledger.ConversionQuery{}, n)
		list(ledger.ConversionQuery{Account: 1}, n-3)
		list(ledger.ConversionQuery{Account: 2}, 3)
		list(ledger.ConversionQuery{Limit: 1500}, 1500)
	}
	receipts := 0
	for _, err := range l.Receipts(ctx(t), ledger.ReceiptQuery{Account: 1}) {
		must(t, err)
		receipts++
	}
	equal(t, "receipts", receipts, n-3)
}
