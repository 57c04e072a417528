package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// An erasure has two parts, because an advertiser may have millions of
// conversions, and rewriting them in one transaction would keep every other
// advertiser's postbacks waiting until they are answered with 503.
//
// The first is in the transaction of Apply, which holds the turn: the tombstone,
// and everything that is small. From here on decideSQL refuses claims of the
// account, on whichever node, so no lead code can come in that would not be found
// hashed.
//
// The second sees to the conversions in the order of their numbers, eraseStep
// at a time: receipts go, lead codes become hashes. How far it came stands in
// erasures in the same transaction, so a crash is harmless: the row tells that
// the erasure is unfinished (see Check), and the same edit, given again, goes on
// from there.

// eraseStep keeps its rows locked for some milliseconds; nobody waits for them.
const eraseStep = 500

// eraseAccount is the first part.
func (d desk) eraseAccount(ctx context.Context, id homing.AccountID) (e rulebook.Entry, err error) {
	object := fmt.Sprintf("account %v", id)
	a, err := one(ctx, d, object, accountColumns+" WHERE id = $1", accountOf, int64(id))
	if err != nil || a.Erased {
		return e, err // erased already; what was left undone follows
	}
	number, err := d.next(ctx, "erased")
	if err != nil {
		return e, err
	}
	if err := exec(ctx, d, "INSERT INTO erased (number, at, account, click) VALUES ($1, $2, $3, NULL)", number, int64(d.by.At), int64(id)); err != nil {
		return e, err
	}
	for _, sql := range []string{
		"INSERT INTO erasures (account, done) VALUES ($1, 0)",
		`UPDATE accounts SET public_id = NULL, ref = NULL, name = '', multi_lead = FALSE, price_min = 0, price_max = 0,
			currency = '', created = 0, senders = '[]', notices = '{}', erased = TRUE WHERE id = $1`,
		"DELETE FROM notices WHERE account = $1",
		"DELETE FROM keys WHERE account = $1",  // and their uses
		"DELETE FROM users WHERE account = $1", // and their sessions and links
		"DELETE FROM tokens WHERE account = $1",
		"UPDATE campaigns SET ref = NULL, name = '', url = '', default_value = NULL, goals = '[]' WHERE account = $1",
		"UPDATE audit SET detail = '' WHERE account = $1",
	} {
		if err := exec(ctx, d, sql, int64(id)); err != nil {
			return e, err
		}
	}
	return rulebook.Entry{Action: "account.erase", Object: object, Account: id}, nil
}

// eraseConversions is the second part.
func (l *Ledger) eraseConversions(ctx context.Context, e ledger.EraseAccount) error {
	for done := false; !done; {
		err := l.transact(ctx, erasureTurn, func(ctx context.Context, tx pgx.Tx) (err error) {
			done, err = eraseNext(ctx, tx, e)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lockErasures keeps two that are at the same erasure apart: a hash must not be
// hashed again.
const lockErasures = "SELECT account FROM erasures ORDER BY account FOR UPDATE"

// eraseNext does a step. Of a conversion, its identity, its account and campaign,
// its times and its status stay.
func eraseNext(ctx context.Context, tx pgx.Tx, e ledger.EraseAccount) (done bool, err error) {
	account := int64(e.Account)
	at, err := collect(ctx, tx, "SELECT done FROM erasures WHERE account = $1", pgx.RowTo[int64], account)
	if err != nil || len(at) == 0 {
		return true, err
	}
	var ids []int64
	var leads [][]byte
	// Those of an erased click are hashed already.
	rows, err := tx.Query(ctx, `SELECT id, lead, coalesce((SELECT TRUE FROM erased e WHERE e.click = c.click LIMIT 1), FALSE) FROM conversions c
		WHERE (account, id) > ($1, $2) AND (account, id) <= ($1, $4) ORDER BY account, id LIMIT $3`, account, at[0], eraseStep, int64(math.MaxInt64))
	if err != nil {
		return false, err
	}
	var id int64
	var lead []byte
	var hashed bool
	if _, err := pgx.ForEachRow(rows, []any{&id, &lead, &hashed}, func() error {
		if len(lead) > 0 && !hashed {
			lead = []byte(e.Lead(string(lead)))
		}
		ids, leads = append(ids, id), append(leads, append([]byte{}, lead...))
		return nil
	}); err != nil {
		return false, err
	}
	var noRequest homing.RequestID
	if err := exec(ctx, tx, "DELETE FROM receipts WHERE conversion = ANY($1)", ids); err != nil {
		return false, err
	}
	if err := exec(ctx, tx, "UPDATE changes SET reason = '' WHERE conversion = ANY($1) AND from_status <> 0", ids); err != nil {
		return false, err
	}
	if err := exec(ctx, tx, `UPDATE conversions SET lead = h.lead, value = NULL, price = 0, currency = '', request = $3
		FROM unnest($1::bigint[], $2::bytea[]) AS h (id, lead) WHERE conversions.id = h.id`, ids, leads, noRequest[:]); err != nil {
		return false, err
	}
	if len(ids) < eraseStep {
		return true, exec(ctx, tx, "DELETE FROM erasures WHERE account = $1", account)
	}
	return false, exec(ctx, tx, "UPDATE erasures SET done = $2 WHERE account = $1", account, ids[len(ids)-1])
}
