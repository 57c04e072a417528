package ledgertest

import (
	"fmt"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

func testEraseClick(t *testing.T, store Store) {
	t.Run("what goes and what stays", func(t *testing.T) { eraseClickParts(t, fresh(t, store)) })
	t.Run("uniqueness stays", func(t *testing.T) { eraseClickUniqueness(t, fresh(t, store)) })
	t.Run("of a click that has not come home", func(t *testing.T) { eraseUnknownClick(t, fresh(t, store)) })
	t.Run("then its account", func(t *testing.T) { eraseClickThenAccount(t, fresh(t, store)) })
	t.Run("a hash as a lead code", func(t *testing.T) { eraseHashes(t, fresh(t, store)) })
	t.Run("erasures in order", func(t *testing.T) { erasures(t, fresh(t, store)) })
}

func leadsOf(t testing.TB, l ledger.Ledger, click homing.Origin) string {
	t.Helper()
	found, err := l.ConversionsOf(ctx(t), click)
	must(t, err)
	var leads []string
	for _, c := range found {
		leads = append(leads, c.Lead)
	}
	return fmt.Sprintf("%q", leads)
}

func receiptsOf(t testing.TB, l ledger.Ledger, click homing.Origin) int {
	t.Helper()
	return len(all(t, l.Receipts(ctx(t), ledger.ReceiptQuery{Click: click})))
}

func eraseClickParts(t *testing.T, l ledger.Ledger) {
	for _, lead := range []string{"", "a", "b"} {
		decide(t, l, Claim(Origin(1), lead))
	}
	decide(t, l, Claim(Origin(2), "a"))
	must(t, l.Amend(ctx(t), ledger.Amendment{Conversion: 2, From: homing.Approved, To: homing.Rejected, At: Noon, Actor: "user 1", Reason: "Ann's story"}))
	before := all(t, l.Conversions(ctx(t), ledger.ConversionQuery{}))
	erase := ledger.EraseClick{Click: Origin(1), Lead: HashLead}
	must(t, l.Apply(ctx(t), by, erase))
	must(t, l.Apply(ctx(t), by, erase)) // a repeat changes nothing

	for i, c := range all(t, l.Conversions(ctx(t), ledger.ConversionQuery{})) {
		want := before[i]
		if want.Lead != "" && want.Click == Origin(1) {
			want.Lead = HashLead(want.Lead)
		}
		equal(t, "conversion", fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", want)) // value and all else stay
	}
	equal(t, "receipts of it", receiptsOf(t, l, Origin(1)), 0)
	equal(t, "receipts of another", receiptsOf(t, l, Origin(2)), 1)
	history, err := l.History(ctx(t), 2)
	must(t, err)
	equal(t, "reason", history[1].Reason, "")
	equal(t, "move", history[1].To, homing.Rejected)
	entries, err := l.Audit(ctx(t), ledger.AuditQuery{Limit: 100})
	must(t, err)
	equal(t, "audit entries", len(entries), 1)
	equal(t, "audit", entries[0].Action, "click.erase")
}

func eraseClickUniqueness(t *testing.T, l ledger.Ledger) {
	first := decide(t, l, Claim(Origin(1), "a"))
	decide(t, l, Claim(Origin(1), ""))
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(1), Lead: HashLead}))
	again := decide(t, l, Claim(Origin(1), "a"))
	equal(t, "the same lead code", again, ledger.Decision{Conversion: first.Conversion, Status: first.Status, Value: first.Value, Mixed: true})
	equal(t, "none", decide(t, l, Claim(Origin(1), "")).First, false)

	var made [20]bool // a new lead code, many at once
	together(len(made), func(i int) {
		d, err := l.Decide(ctx(t), Claim(Origin(1), "new"))
		if err != nil {
			t.Error(err)
		}
		made[i] = d.First
	})
	firsts := 0
	for _, m := range made {
		if m {
			firsts++
		}
	}
	equal(t, "firsts of a new lead code", firsts, 1)
	equal(t, "leads", leadsOf(t, l, Origin(1)), fmt.Sprintf("%q", []string{HashLead("a"), "", HashLeads("new")[0]}))
	equal(t, "receipts", receiptsOf(t, l, Origin(1)), 0)
	// What looks like a hash is a lead code like any other.
	equal(t, "a hash sent back", decide(t, l, Claim(Origin(1), HashLead("a"))).First, true)
	equal(t, "another click", decide(t, l, Claim(Origin(2), "a")).First, true)
	equal(t, "another click's lead", leadsOf(t, l, Origin(2)), `["a"]`)
}

func eraseUnknownClick(t *testing.T, l ledger.Ledger) {
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(1), Lead: HashLead}))
	for _, lead := range []string{"", "a"} {
		equal(t, "first", decide(t, l, Claim(Origin(1), lead)).First, true)
		equal(t, "again", decide(t, l, Claim(Origin(1), lead)).First, false)
	}
	equal(t, "leads", leadsOf(t, l, Origin(1)), fmt.Sprintf("%q", []string{"", HashLeads("a")[0]}))
	equal(t, "receipts", receiptsOf(t, l, Origin(1)), 0)
	found, err := l.ConversionsOf(ctx(t), Origin(1))
	must(t, err)
	equal(t, "value", found[1].Value, homing.ValueOf(3*homing.Unit/2))
	equal(t, "mixed", found[1].Flags&homing.FlagSimpleAndLead, homing.FlagSimpleAndLead)
}

func eraseClickThenAccount(t *testing.T, l ledger.Ledger) {
	gone := account(t, l, "gone")
	for i := range 2 {
		c := Claim(Origin(i), "a")
		c.Account = gone
		decide(t, l, c)
	}
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(0), Lead: HashLead}))
	must(t, l.Apply(ctx(t), by, ledger.EraseAccount{Account: gone, Lead: HashLead}))
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(1), Lead: HashLead}))
	for i := range 2 {
		equal(t, "hashed once", leadsOf(t, l, Origin(i)), fmt.Sprintf("%q", []string{HashLead("a")}))
	}
}

// eraseHashes erases a click whose lead codes are each other's hashes.
func eraseHashes(t *testing.T, l ledger.Ledger) {
	want := []string{}
	for _, lead := range []string{"a", HashLead("a"), HashLead(HashLead("a"))} {
		decide(t, l, Claim(Origin(1), lead))
		want = append(want, HashLead(lead))
	}
	must(t, l.Apply(ctx(t), by, ledger.EraseClick{Click: Origin(1), Lead: HashLead}))
	equal(t, "leads", leadsOf(t, l, Origin(1)), fmt.Sprintf("%q", want))
}

func erasures(t *testing.T, l ledger.Ledger) {
	account(t, l, "stays")
	gone := account(t, l, "gone")
	at := ledger.Actor{Name: "user 3", At: Noon + 5}
	for _, edit := range []ledger.Edit{
		ledger.EraseClick{Click: Origin(1), Lead: HashLead},
		ledger.EraseAccount{Account: gone, Lead: HashLead},
		ledger.EraseAccount{Account: gone, Lead: HashLead},
		ledger.EraseClick{Click: Origin(1), Lead: HashLead},
		ledger.EraseClick{Click: Origin(2), Lead: HashLead},
	} {
		must(t, l.Apply(ctx(t), at, edit))
	}
	mustBe(t, l.Apply(ctx(t), at, ledger.EraseClick{Click: Origin(3), Lead: HashLead}, ledger.EraseAccount{Account: 99}), homing.ErrNotFound)
	equal(t, "after a change that failed", decide(t, l, Claim(Origin(3), "a")).First, true)
	equal(t, "lead of a click that was not erased", leadsOf(t, l, Origin(3)), `["a"]`)
	want := []ledger.Erasure{
		{Number: 1, At: Noon + 5, Click: Origin(1)}, {Number: 2, At: Noon + 5, Account: gone}, {Number: 3, At: Noon + 5, Click: Origin(2)},
	}
	for _, c := range []struct{ after, limit, from, to int }{{0, 10, 0, 3}, {1, 10, 1, 3}, {1, 1, 1, 2}, {3, 10, 3, 3}, {0, 0, 0, 0}} {
		got, err := l.Erasures(ctx(t), int64(c.after), c.limit)
		must(t, err)
		equal(t, fmt.Sprintf("erasures %+v", c), fmt.Sprint(got), fmt.Sprint(want[c.from:c.to]))
	}
}
