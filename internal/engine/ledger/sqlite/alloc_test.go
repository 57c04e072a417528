//go:build !race

// Pools forget under the race detector, so nothing can be said of allocations.

package sqlite

import (
	"encoding/binary"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/ledgertest"
)

// TestAllocationsOfDecide: in the steady state a claim allocates nothing, neither on
// the caller's goroutine nor on the writer's, and neither does its commit. What the
// keeper does now and then is not counted.
func TestAllocationsOfDecide(t *testing.T) {
	l := openWith(t, Options{})
	claim := ledger.Claim{
		Account: 1, Campaign: 1, Status: homing.Approved, Value: homing.ValueOf(1500000), Currency: "EUR", At: ledgertest.Noon,
		Receipt: ledgertest.Claim(ledgertest.Origin(1), "").Receipt, Lead: []byte("order-12345678"),
	}
	n := uint64(1 << 40)
	first := func() {
		n++
		claim.Click = clickAt(n)
		binary.BigEndian.PutUint64(claim.Request[:], n)
		if d, err := l.Decide(t.Context(), &claim); err != nil || !d.First {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	again := func() {
		if d, err := l.Decide(t.Context(), &claim); err != nil || d.First {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	for range 200 { // pools and buffers fill
		first()
	}
	for _, c := range []struct {
		name string
		ask  func()
	}{{"first", first}, {"duplicate", again}} {
		if got := testing.AllocsPerRun(1000, c.ask); got > 0 {
			t.Errorf("%s: %v allocations, want none", c.name, got)
		}
	}
}
