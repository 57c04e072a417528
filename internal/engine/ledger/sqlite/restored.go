package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// The floors of leases that were given up by Restored; see rulebook.DrawBlock. Release
// and Lease take the greater of a floor and a moment, so that they mean never.
const (
	givenUp     = -1 // and never lent by this ledger
	givenUpUsed = -2 // lent before
)

// Restored implements ledger.Copier, in one transaction.
func (l *Ledger) Restored(ctx context.Context, by ledger.Actor, detail string) error {
	ahead := rulebook.NumbersPassed()
	return told("ready a restored ledger", l.do(ctx, func(w *writer) error {
		for _, table := range []string{"accounts", "keys", "campaigns", "users", "tokens"} {
			if err := w.passNumbers(table, ahead); err != nil {
				return err
			}
		}
		if err := w.giveUpNodes(by.At); err != nil {
			return err
		}
		for _, sql := range []string{"DELETE FROM sessions", "DELETE FROM links", "UPDATE settings SET version = version + 1"} {
			if err := exec(w.conn, sql); err != nil {
				return err
			}
		}
		return w.audit(by, rulebook.Entry{Action: "backup.restore", Object: "installation", Detail: detail})
	}))
}

// passNumbers moves ahead what AUTOINCREMENT goes on from.
func (w *writer) passNumbers(table string, ahead int64) error {
	if err := exec(w.conn, "UPDATE sqlite_sequence SET seq = seq + ?2 WHERE name = ?1", table, ahead); err != nil {
		return err
	}
	if w.conn.Changes() > 0 {
		return nil
	}
	return exec(w.conn, "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", table, ahead)
}

// giveUpNodes leaves one block of the ordinary node numbers to be lent, and gives
// the others up.
func (w *writer) giveUpNodes(now homing.Millis) error {
	_, last := rulebook.NodeRange(false)
	used := map[homing.NodeID]bool{}
	err := query(w.conn, "SELECT node FROM leases WHERE floor <> ?1", func(row *sqlite.Stmt) error {
		used[homing.NodeID(row.ColumnInt64(0))] = true
		return nil
	}, givenUp)
	if err != nil {
		return err
	}
	kept := rulebook.DrawBlock(used)
	for node := homing.NodeID(1); node <= last; node++ {
		if node >= kept && node < kept+rulebook.NodeBlock {
			continue
		}
		floor := givenUp
		if used[node] {
			floor = givenUpUsed
		}
		if err := exec(w.conn, `INSERT INTO leases (node, token, mark, floor) VALUES (?1, NULL, ?2, ?3)
			ON CONFLICT (node) DO UPDATE SET token = NULL, mark = max(mark, ?2), floor = ?3`, node, now+rulebook.NodesGivenUp, floor); err != nil {
			return err
		}
	}
	if err := exec(w.conn, "DELETE FROM leases WHERE floor < 0 AND node >= ?1 AND node < ?2", kept, kept+rulebook.NodeBlock); err != nil {
		return err
	}
	return exec(w.conn, "UPDATE leases SET token = NULL WHERE node >= ?1 AND node < ?2", kept, kept+rulebook.NodeBlock)
}
