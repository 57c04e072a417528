// Package ledgertest is the conformance suite of the ledger's contract. Every
// implementation runs it; what it asks is what package ledger promises.
//
//	func TestLedger(t *testing.T) {
//		ledgertest.Run(t, func(t *testing.T) func() ledger.Ledger { … })
//	}
package ledgertest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

// Store makes an empty store for one test, and returns what opens it: each
// call opens the same store once more, after the ledger before was closed.
type Store func(t testing.TB) (open func() ledger.Ledger)

// Run asks an implementation everything that the contract promises.
func Run(t *testing.T, store Store) {
	for _, part := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"Decide", testDecide},
		{"Amend", testAmend},
		{"Books", testBooks},
		{"Settings", testSettings},
		{"Erase", testErase},
		{"EraseClick", testEraseClick},
		{"People", testPeople},
		{"Lessor", testLessor},
		{"Reopen", testReopen},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, store) })
	}
}

// fresh opens an empty ledger, closed when the test ends.
func fresh(t testing.TB, store Store) ledger.Ledger {
	t.Helper()
	l := store(t)()
	t.Cleanup(func() {
		if err := l.Check(context.Background()); err != nil {
			t.Errorf("after the test, Check: %v", err)
		}
		if damage := l.Damage(); len(damage) > 0 {
			t.Errorf("after the test, damage: %q", damage)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// Noon is the moment most tests happen at.
const Noon homing.Millis = 1790000000000

// Origin is the n-th click of a test: of node 1, a thousand a millisecond.
func Origin(n int) homing.Origin {
	return homing.Origin{Time: Noon - homing.Millis(n/1000), Node: 1, Seq: uint16(n % 1000), Campaign: 1}
}

// Claim asks for a conversion of the click, as a judge would.
func Claim(click homing.Origin, lead string) *ledger.Claim {
	c := &ledger.Claim{
		Click: click, Lead: []byte(lead), Account: 1, Campaign: click.Campaign, Status: homing.Approved,
		Value: homing.ValueOf(3 * homing.Unit / 2), Price: homing.Unit / 4, Currency: "EUR", Flags: homing.FlagBrowser,
		At: Noon + 1, Request: homing.NewRequestID(Noon+1, 1, uint32(click.Seq)),
	}
	c.Receipt = Receipt(c)
	return c
}

// Receipt is the record of the postback behind a claim.
func Receipt(c *ledger.Claim) []byte {
	return homing.AppendPostback(nil, &homing.Postback{
		Request: c.Request, At: c.At, Addr: netip.MustParseAddr("192.0.2.0"), HTTPS: true, Method: "GET",
		Target: "/api/v1/cpa/action/…?value=1.5", UserAgent: "sender/1", Account: c.Account, Campaign: c.Campaign,
		Click: homing.ClickID{1, 2, 3}, Origin: c.Click, Goal: c.Goal, Lead: string(c.Lead), Value: c.Value,
		Price: c.Price, Currency: c.Currency,
		Verdict: homing.Verdict{Outcome: homing.Counted, Reason: 1, Flags: c.Flags},
	})
}

// HashLead stands in for the keyed hash of an erasure.
func HashLead(lead string) string { return "~" + hex.EncodeToString([]byte(lead)) }

// HashLeads stands in for the keyed hashes that a ledger is opened with: a newer
// key has been added since the erasures of the suite. Stores must open with it.
func HashLeads(lead string) []string {
	return []string{"~new" + hex.EncodeToString([]byte(lead)), HashLead(lead)}
}

var by = ledger.Actor{Name: "user 3", At: Noon}

func ctx(t testing.TB) context.Context { return t.Context() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustBe(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want %v", err, kind)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func decide(t testing.TB, l ledger.Ledger, c *ledger.Claim) ledger.Decision {
	t.Helper()
	d, err := l.Decide(ctx(t), c)
	must(t, err)
	return d
}

// together runs n goroutines, starts them at once and waits for them.
func together(n int, run func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			run(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// all collects a sequence.
func all[T any](t testing.TB, seq func(func(T, error) bool)) (items []T) {
	t.Helper()
	for item, err := range seq {
		must(t, err)
		items = append(items, item)
	}
	return items
}

// ids are the numbers of conversions, as text to compare.
func ids(conversions []homing.Conversion) string {
	var numbers []homing.ConversionID
	for _, c := range conversions {
		numbers = append(numbers, c.ID)
	}
	return fmt.Sprint(numbers)
}

// account makes an account and returns its number.
func account(t testing.TB, l ledger.Ledger, name string) homing.AccountID {
	t.Helper()
	a := homing.Account{PublicID: "pub-" + name, Ref: "ref-" + name, Name: name, MultiLead: true,
		PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax, Currency: "USD", Created: Noon}
	must(t, l.Apply(ctx(t), by, ledger.PutAccount{Account: &a}))
	return a.ID
}
