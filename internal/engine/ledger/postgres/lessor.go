package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

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
//
// The trap of many nodes: between the look for a free number and taking it, its
// holder may extend it. Those who take wait for each other, but an extension waits
// for nobody. So the taking asks once more, under the row's lock; who is late looks
// again.

const takeNode = `INSERT INTO leases (node, token, mark, floor)
	SELECT n.node, $4, $5, 0 FROM generate_series($1::bigint, $2::bigint) AS n (node) LEFT JOIN leases l ON l.node = n.node
	WHERE l.node IS NULL OR l.mark < $3 ORDER BY n.node LIMIT 1
	ON CONFLICT (node) DO UPDATE SET token = excluded.token, mark = excluded.mark, floor = leases.mark WHERE leases.mark < $3
	RETURNING node`

const freeNodes = `SELECT count(*) FROM generate_series($1::bigint, $2::bigint) AS n (node) LEFT JOIN leases l ON l.node = n.node
	WHERE l.node IS NULL OR l.mark < $3`

// Lease implements ledger.Lessor. Ordinary numbers begin at 1.
func (l *Ledger) Lease(ctx context.Context, now, until homing.Millis, test bool) (ledger.Lease, error) {
	if until < now {
		return ledger.Lease{}, fmt.Errorf("%w lease: it ends at %v, before it begins at %v", homing.ErrInvalid, until, now)
	}
	first, last := rulebook.NodeRange(test)
	lease := ledger.Lease{Token: rulebook.NewLeaseToken(), Mark: until}
	for {
		taken, err := l.takeNode(ctx, first, last, now, lease)
		if err != nil {
			return ledger.Lease{}, told("lease a node number", err)
		}
		if taken != 0 {
			lease.Node = taken
			return lease, nil
		}
		var free int64
		err = l.read(ctx, func(ctx context.Context, q querier) error {
			return q.QueryRow(ctx, freeNodes, int64(first), int64(last), int64(now)).Scan(&free)
		})
		if err == nil && free == 0 {
			err = fmt.Errorf("%w: every node number from %d to %d is in use, or was used by a clock ahead of this one",
				homing.ErrUnavailable, first, last)
		}
		if err != nil {
			return ledger.Lease{}, told("lease a node number", err)
		}
	}
}

// takeNode returns the number taken; 0 if there was none, or somebody was faster.
func (l *Ledger) takeNode(ctx context.Context, first, last homing.NodeID, now homing.Millis, lease ledger.Lease) (node homing.NodeID, err error) {
	err = l.atDesk(ctx, settingsTurn, ledger.Actor{}, func(ctx context.Context, d desk) error {
		found, err := collect(ctx, d, takeNode, pgx.RowTo[int64], int64(first), int64(last), int64(now), int64(lease.Token), int64(lease.Mark))
		if len(found) > 0 {
			node = homing.NodeID(found[0])
		}
		return err
	})
	return node, err
}

// Extend implements ledger.Lessor. A mark never moves back.
func (l *Ledger) Extend(ctx context.Context, lease ledger.Lease, until homing.Millis) error {
	return told("extend a lease", l.onLease(ctx, lease, "UPDATE leases SET mark = greatest(mark, $3) WHERE node = $1 AND token = $2", until))
}

// Release implements ledger.Lessor. The lease is over; it cannot be extended
// any more.
func (l *Ledger) Release(ctx context.Context, lease ledger.Lease, used homing.Millis) error {
	return told("release a lease", l.onLease(ctx, lease,
		"UPDATE leases SET mark = greatest(floor, $3), token = NULL WHERE node = $1 AND token = $2", used))
}

// onLease changes a lease that still stands.
func (l *Ledger) onLease(ctx context.Context, lease ledger.Lease, sql string, moment homing.Millis) error {
	rows, err := l.write(ctx, sql, int64(lease.Node), int64(lease.Token), int64(moment))
	if err == nil && rows == 0 {
		err = fmt.Errorf("%w: node number %d was lent to somebody else", homing.ErrConflict, lease.Node)
	}
	return err
}

// Loans implements ledger.Ledger.
func (l *Ledger) Loans(ctx context.Context) ([]ledger.Loan, error) {
	return list(ctx, l, "node numbers", "SELECT node, token IS NOT NULL, mark FROM leases WHERE floor >= 0 ORDER BY node",
		func(row pgx.CollectableRow) (n ledger.Loan, err error) {
			err = row.Scan(&n.Node, &n.Taken, &n.Mark)
			return n, err
		})
}
