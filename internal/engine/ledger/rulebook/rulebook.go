// Package rulebook holds what every ledger does alike, whatever it stores things
// in: which claims it takes on and which moves of a status it allows, what the
// audit log says of an edit, how lists become a column, and which node numbers
// a restored ledger lends. It stores nothing.
package rulebook

import (
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
)

// CheckClaim keeps out what no judge would ask for, so that a claim cannot
// fail in the middle of a batch for its own fault.
func CheckClaim(c *ledger.Claim) error {
	if c.Status != homing.Approved && c.Status != homing.Pending && c.Status != homing.LateStatus {
		return fmt.Errorf("%w claim: a conversion cannot begin as status %d", homing.ErrInvalid, c.Status)
	}
	if c.Click.Time < homing.Epoch || c.Click.Time > homing.MaxOriginTime ||
		c.Click.Node > homing.MaxNode || c.Click.Seq > homing.MaxSeq {
		return fmt.Errorf("%w claim: no click has the origin %+v", homing.ErrInvalid, c.Click)
	}
	return nil
}

// CheckMove tells whether an operator may move a conversion so: anywhere but to
// late, which only a postback can be.
func CheckMove(from, to homing.Status) error {
	known := from >= homing.Pending && from <= homing.LateStatus
	judged := to == homing.Pending || to == homing.Approved || to == homing.Rejected
	if known && judged && from != to {
		return nil
	}
	return fmt.Errorf("%w: a conversion cannot go from %v to %v", homing.ErrInvalid, from, to)
}

// Acceptance is the flag of a late conversion that is let into the totals.
func Acceptance(a ledger.Amendment) homing.Flags {
	if a.From == homing.LateStatus && a.To.InTotals() {
		return homing.FlagLateAccepted
	}
	return 0
}
