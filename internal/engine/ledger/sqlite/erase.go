package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// An erasure has two parts, because an advertiser may have millions of
// conversions, and rewriting them in one transaction would keep every other
// advertiser's postbacks waiting until they are answered with 503.
//
// The first is in the transaction of Apply: the tombstone, and everything that
// is small. From here on the ledger refuses claims of the account, so no lead
// code can come in that would not be found hashed.
//
// The second sees to the conversions in the order of their numbers, eraseStep
// at a time between other writes: receipts go, lead codes become hashes. How
// far it came stands in erasures in the same transaction, so a crash is
// harmless: the row tells that the erasure is unfinished (see Check), and the
// same edit, given again, goes on from there. Leads are hashed on the caller's
// goroutine, not the writer's.

// eraseStep keeps the writer for some 20 ms.
const eraseStep = 500

// eraseAccount is the first part.
func (w *writer) eraseAccount(by ledger.Actor, id homing.AccountID) (e rulebook.Entry, err error) {
	a, err := one(w.conn, fmt.Sprintf("account %v", id), accountColumns+" WHERE id = ?1", accountOf, id)
	if err != nil || a.Erased {
		return e, err // erased already; what was left undone follows
	}
	if err := exec(w.conn, "INSERT INTO erased (at, account) VALUES (?1, ?2)", by.At, id); err != nil {
		return e, err
	}
	for _, sql := range []string{
		"INSERT INTO erasures (account, done) VALUES (?1, 0)",
		`UPDATE accounts SET public_id = NULL, ref = NULL, name = '', multi_lead = 0, price_min = 0, price_max = 0,
			currency = '', created = 0, senders = '[]', notices = '{}', erased = 1 WHERE id = ?1`,
		"DELETE FROM notices WHERE account = ?1",
		"DELETE FROM keys WHERE account = ?1",  // and their uses
		"DELETE FROM users WHERE account = ?1", // and their sessions and links
		"DELETE FROM tokens WHERE account = ?1",
		"UPDATE campaigns SET ref = NULL, name = '', url = '', default_value = NULL, goals = '[]' WHERE account = ?1",
		"UPDATE audit SET detail = '' WHERE account = ?1",
	} {
		if err := exec(w.conn, sql, id); err != nil {
			return e, err
		}
	}
	w.erased[id] = struct{}{} // forgotten again with a rollback, see recollect
	return rulebook.Entry{Action: "account.erase", Object: fmt.Sprintf("account %v", id), Account: id}, nil
}

// hashed is a conversion with what its lead code becomes.
type hashed struct {
	id   int64
	lead string
}

// eraseConversions is the second part.
func (l *Ledger) eraseConversions(ctx context.Context, e ledger.EraseAccount) error {
	for {
		step, err := l.nextErased(ctx, e)
		if err != nil || step == nil {
			return err
		}
		last := len(step) < eraseStep
		if err := l.do(ctx, func(w *writer) error { return w.eraseStep(e.Account, step, last) }); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

// nextErased reads the conversions of a step; nil if the erasure is finished.
// It reads at one moment, or another call at the same erasure could come in
// between and its hashes be hashed again.
func (l *Ledger) nextErased(ctx context.Context, e ledger.EraseAccount) (step []hashed, err error) {
	err = l.readAtOnce(ctx, func(conn *sqlite.Conn) error {
		done, pending, err := queryInt(conn, "SELECT done FROM erasures WHERE account = ?1", e.Account)
		if err != nil || !pending {
			return err
		}
		step = make([]hashed, 0, eraseStep)
		// Those of an erased click are hashed already.
		return query(conn, `SELECT id, lead, EXISTS (SELECT 1 FROM erased e WHERE e.click = c.click) FROM conversions c
			WHERE account = ?1 AND id > ?2 ORDER BY id LIMIT ?3`,
			func(row *sqlite.Stmt) error {
				h := hashed{id: row.ColumnInt64(0), lead: string(bytesOf(row, 1))}
				if h.lead != "" && !row.ColumnBool(2) {
					h.lead = e.Lead(h.lead)
				}
				step = append(step, h)
				return nil
			}, e.Account, done, eraseStep)
	})
	return step, err
}

// eraseStep writes a step. Of a conversion, its identity, its account and
// campaign, its times and its status stay.
func (w *writer) eraseStep(account homing.AccountID, step []hashed, last bool) error {
	var noRequest homing.RequestID
	for _, h := range step {
		if err := exec(w.conn, "DELETE FROM receipts WHERE conversion = ?1", h.id); err != nil {
			return err
		}
		if err := exec(w.conn, "UPDATE changes SET reason = '' WHERE conversion = ?1 AND from_status <> 0", h.id); err != nil {
			return err
		}
		if err := exec(w.conn, `UPDATE conversions SET lead = ?2, value = NULL, price = 0, currency = '', request = ?3
			WHERE id = ?1`, h.id, []byte(h.lead), noRequest[:]); err != nil {
			return err
		}
	}
	if last {
		return exec(w.conn, "DELETE FROM erasures WHERE account = ?1", account)
	}
	// Two callers may be at the same erasure; what is done is never undone, or
	// a hash would be hashed again.
	done, pending, err := queryInt(w.conn, "SELECT done FROM erasures WHERE account = ?1", account)
	if err != nil || !pending {
		return err
	}
	return exec(w.conn, "UPDATE erasures SET done = ?2 WHERE account = ?1", account, max(done, step[len(step)-1].id))
}
