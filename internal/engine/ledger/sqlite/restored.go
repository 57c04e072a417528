package sqlite

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

const (
	// numbersAhead is how many numbers are passed over: nobody makes as many
	// accounts or campaigns between a backup and a loss, and there are 40,000 times
	// as many.
	numbersAhead = 100_000
	// numbersDraw is how many times as many are passed over at most. How many is
	// drawn by chance: the same backup may be restored twice, and what the first
	// restored house gave a number to must not be something else in the second.
	numbersDraw = 1_000
	// nodesGivenUp is for how long. A clock that is behind by more is behind the
	// backup itself, which is noticed before.
	nodesGivenUp homing.Millis = 400 * 24 * 60 * 60 * 1000
	// nodeBlock is how many node numbers are kept. Every unclean end takes one for
	// as long as loans go ahead.
	nodeBlock = 128
)

// The floors of leases that were given up by Restored; see giveUpNodes. Release
// and Lease take the greater of a floor and a moment, so that they mean never.
const (
	givenUp     = -1 // and never lent by this ledger
	givenUpUsed = -2 // lent before
)

// Restored implements ledger.Copier, in one transaction.
func (l *Ledger) Restored(ctx context.Context, by ledger.Actor, detail string) error {
	ahead := numbersAhead * (1 + draw(numbersDraw))
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
		return w.audit(by, entry{action: "backup.restore", object: "installation", detail: detail})
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
//
// The house that was lost went on minting after the backup, under the lowest
// numbers that were free. A clock that is right is past all these moments, and the
// marks would do. But the machine of the restored house may be behind by minutes,
// and would then mint ids anew that are on their way home. So it takes numbers
// that the lost one had no reason to touch: a block drawn by chance, for the same
// backup may be restored twice, of those that hold none which this ledger ever
// lent, and not the first, with which every house begins. Should every block have
// been used, any will do but the first: that takes eight restores.
func (w *writer) giveUpNodes(now homing.Millis) error {
	const last = homing.DemoNode - 1
	used := map[homing.NodeID]bool{}
	err := query(w.conn, "SELECT node FROM leases WHERE floor <> ?1", func(row *sqlite.Stmt) error {
		used[homing.NodeID(row.ColumnInt64(0))] = true
		return nil
	}, givenUp)
	if err != nil {
		return err
	}
	kept := drawBlock(used)
	for node := homing.NodeID(1); node <= last; node++ {
		if node >= kept && node < kept+nodeBlock {
			continue
		}
		floor := givenUp
		if used[node] {
			floor = givenUpUsed
		}
		if err := exec(w.conn, `INSERT INTO leases (node, token, mark, floor) VALUES (?1, NULL, ?2, ?3)
			ON CONFLICT (node) DO UPDATE SET token = NULL, mark = max(mark, ?2), floor = ?3`, node, now+nodesGivenUp, floor); err != nil {
			return err
		}
	}
	if err := exec(w.conn, "DELETE FROM leases WHERE floor < 0 AND node >= ?1 AND node < ?2", kept, kept+nodeBlock); err != nil {
		return err
	}
	return exec(w.conn, "UPDATE leases SET token = NULL WHERE node >= ?1 AND node < ?2", kept, kept+nodeBlock)
}

// drawBlock draws the first number of a block that is kept.
func drawBlock(used map[homing.NodeID]bool) homing.NodeID {
	var fresh, others []homing.NodeID
	for first := homing.NodeID(1 + nodeBlock); first < homing.DemoNode; first += nodeBlock {
		touched := false
		for node := first; node < first+nodeBlock; node++ {
			touched = touched || used[node]
		}
		if others = append(others, first); !touched {
			fresh = append(fresh, first)
		}
	}
	if len(fresh) == 0 {
		fresh = others
	}
	return fresh[draw(int64(len(fresh)))]
}

// draw draws a number below n.
func draw(n int64) int64 {
	drawn, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(fmt.Sprintf("sqlite: no randomness: %v", err)) // see crypto/rand
	}
	return drawn.Int64()
}
