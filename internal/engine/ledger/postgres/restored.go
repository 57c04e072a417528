package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// Copy implements ledger.Copier: it refuses, with homing.ErrInvalid. A server's
// operators have better means than this program, and one that is not asked for
// a copy cannot be told that there is one.
func (l *Ledger) Copy(context.Context, string) (ledger.Copied, error) {
	return ledger.Copied{}, fmt.Errorf("%w: a ledger on PostgreSQL is backed up by its server's own means: "+
		"pgBackRest or pg_basebackup with archived WAL (any moment can be restored), or pg_dump --schema=%s (one moment, while it is used); "+
		"after a restore, or the promotion of a standby that was not synchronous, ready the ledger before any node is started", homing.ErrInvalid, l.schema)
}

// The floors of leases that were given up by Restored; see rulebook.DrawBlock.
// Release and Lease take the greater of a floor and a moment, so that they mean
// never.
const (
	givenUp     = -1 // and never lent by this ledger
	givenUpUsed = -2 // lent before
)

// Restored implements ledger.Copier, in one transaction: after pg_restore, after a
// recovery to a point in time, and after the promotion of a standby that lacked
// the last commits. Nodes that still run lose their node numbers, and end.
func (l *Ledger) Restored(ctx context.Context, by ledger.Actor, detail string) error {
	ahead := rulebook.NumbersPassed()
	err := l.atDesk(ctx, bothTurns, by, func(ctx context.Context, d desk) error {
		if err := exec(ctx, d, "UPDATE numbers SET last = last + $1 WHERE thing IN ('account', 'key', 'campaign', 'user', 'token')", ahead); err != nil {
			return err
		}
		if err := d.giveUpNodes(ctx); err != nil {
			return err
		}
		for _, sql := range []string{"DELETE FROM sessions", "DELETE FROM links", "DELETE FROM duties", "UPDATE settings SET version = version + 1"} {
			if err := exec(ctx, d, sql); err != nil {
				return err
			}
		}
		return d.audit(ctx, rulebook.Entry{Action: "backup.restore", Object: "installation", Detail: detail})
	})
	if err == nil {
		l.notify(ctx)
	}
	return told("ready a restored ledger", err)
}

// giveUpNodes leaves one block of the ordinary node numbers to be lent, and gives
// the others up.
func (d desk) giveUpNodes(ctx context.Context) error {
	_, last := rulebook.NodeRange(false)
	nodes, err := collect(ctx, d, "SELECT node FROM leases WHERE floor <> $1", pgx.RowTo[int64], givenUp)
	if err != nil {
		return err
	}
	used := map[homing.NodeID]bool{}
	for _, n := range nodes {
		used[homing.NodeID(n)] = true
	}
	kept := int64(rulebook.DrawBlock(used))
	end := kept + rulebook.NodeBlock
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO leases (node, token, mark, floor) SELECT node, NULL, $1::bigint, $2::bigint
			FROM generate_series(1, $3::bigint) AS n (node) WHERE node < $4 OR node >= $5
			ON CONFLICT (node) DO UPDATE SET token = NULL, mark = greatest(leases.mark, excluded.mark),
				floor = CASE WHEN leases.floor = $2 THEN $2 ELSE $6::bigint END`,
			[]any{int64(d.by.At + rulebook.NodesGivenUp), givenUp, int64(last), kept, end, givenUpUsed}},
		{"DELETE FROM leases WHERE floor < 0 AND node >= $1 AND node < $2", []any{kept, end}},
		{"UPDATE leases SET token = NULL WHERE node >= $1 AND node < $2", []any{kept, end}},
	} {
		if err := exec(ctx, d, s.sql, s.args...); err != nil {
			return err
		}
	}
	return nil
}
