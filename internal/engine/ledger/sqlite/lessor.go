package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// A number is free when its mark lies below the caller's now, whether its last
// holder released it, crashed, or is only slow: the holder finds out when it
// extends. What the next holder may use begins above the mark, so the two never
// meet.
//
// The trap in Release: a holder that minted nothing says so with a moment
// before its loan began. The mark must not fall below what earlier holders may
// have used; floor remembers that.

// Lease implements ledger.Lessor. Ordinary numbers begin at 1.
func (l *Ledger) Lease(ctx context.Context, now, until homing.Millis, test bool) (ledger.Lease, error) {
	if until < now {
		return ledger.Lease{}, fmt.Errorf("%w lease: it ends at %v, before it begins at %v", homing.ErrInvalid, until, now)
	}
	first, last := rulebook.NodeRange(test)
	var lease ledger.Lease
	err := l.do(ctx, func(w *writer) error {
		node, err := w.freeNode(now, first, last)
		if err != nil {
			return err
		}
		lease = ledger.Lease{Node: node, Token: rulebook.NewLeaseToken(), Mark: until}
		return exec(w.conn, `INSERT INTO leases (node, token, mark, floor) VALUES (?1, ?2, ?3, 0)
			ON CONFLICT (node) DO UPDATE SET token = ?2, mark = ?3, floor = mark`, node, int64(lease.Token), until)
	})
	if err != nil {
		return ledger.Lease{}, told("lease a node number", err)
	}
	return lease, nil
}

// freeNode is the lowest number from first to last that was never lent, or
// whose mark lies below now.
func (w *writer) freeNode(now homing.Millis, first, last homing.NodeID) (homing.NodeID, error) {
	free, open := first, true
	err := query(w.conn, "SELECT node, mark FROM leases WHERE node BETWEEN ?1 AND ?2 ORDER BY node", func(row *sqlite.Stmt) error {
		if node := homing.NodeID(row.ColumnInt64(0)); open && node == free {
			if mark := homing.Millis(row.ColumnInt64(1)); mark < now {
				open = false
			} else {
				free++
			}
		}
		return nil
	}, first, last)
	if err == nil && free > last {
		err = fmt.Errorf("%w: every node number from %d to %d is in use, or was used by a clock ahead of this one",
			homing.ErrUnavailable, first, last)
	}
	return free, err
}

// Extend implements ledger.Lessor. A mark never moves back.
func (l *Ledger) Extend(ctx context.Context, lease ledger.Lease, until homing.Millis) error {
	return told("extend a lease", l.onLease(ctx, lease, "UPDATE leases SET mark = max(mark, ?3) WHERE node = ?1 AND token = ?2", until))
}

// Release implements ledger.Lessor. The lease is over; it cannot be extended
// any more.
func (l *Ledger) Release(ctx context.Context, lease ledger.Lease, used homing.Millis) error {
	return told("release a lease", l.onLease(ctx, lease,
		"UPDATE leases SET mark = max(floor, ?3), token = NULL WHERE node = ?1 AND token = ?2", used))
}

// onLease changes a lease that still stands.
func (l *Ledger) onLease(ctx context.Context, lease ledger.Lease, sql string, moment homing.Millis) error {
	return l.do(ctx, func(w *writer) error {
		if err := exec(w.conn, sql, lease.Node, int64(lease.Token), moment); err != nil {
			return err
		}
		if w.conn.Changes() == 0 {
			return fmt.Errorf("%w: node number %d was lent to somebody else", homing.ErrConflict, lease.Node)
		}
		return nil
	})
}
