package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// The erasure of a click is one transaction: a click has few conversions. Lead
// codes become hashes, receipts go, and so do reasons, which are people's words.
//
// Its row in erased is a tombstone. The click's id may come home once more, or
// for the first time: then the claim's lead code is hashed before anything else,
// so a lead code that was counted before the erasure is a duplicate after it,
// and one that is new is stored as its hash, without a receipt. The hash is
// Options.LeadHashes', which must be the one the edit brings.
//
// Looking for a tombstone is one more seek, and only done by a ledger that has
// any.

// eraseClick hashes and removes what is kept of a click.
func (w *writer) eraseClick(by ledger.Actor, edit ledger.EraseClick) (e rulebook.Entry, err error) {
	click := edit.Click.Pack()
	known, err := w.hasRow(w.stmts.erasedClick, click[:])
	if err != nil || known {
		return e, err // erased already: what came since is hashed
	}
	found, err := collect(w.conn, conversionColumns+" WHERE c.click = ?1 ORDER BY c.id",
		func(row *sqlite.Stmt) (homing.Conversion, error) { return conversionOf(row), nil }, click[:])
	if err != nil {
		return e, err
	}
	var account homing.AccountID
	// In two steps, because a sender may have sent a hash as a lead code: no row
	// may be in the way of another.
	for _, lead := range []func(homing.Conversion) string{
		func(c homing.Conversion) string { return "\x00" + c.ID.String() },
		func(c homing.Conversion) string { return edit.Lead(c.Lead) },
	} {
		for _, c := range found {
			account = c.Account
			if err := w.eraseConversion(c, lead); err != nil {
				return e, err
			}
		}
	}
	if err := exec(w.conn, "INSERT INTO erased (at, account, click) VALUES (?1, 0, ?2)", by.At, click[:]); err != nil {
		return e, err
	}
	w.erasedClicks = true // forgotten again with a rollback, see recollect
	object := fmt.Sprintf("click of campaign %v at %v", edit.Click.Campaign, edit.Click.Time)
	return rulebook.Entry{Action: "click.erase", Object: object, Account: account}, nil
}

// eraseConversion blanks a conversion of an erased click. One of an erased
// account is left to that erasure, or its hash would be hashed again.
func (w *writer) eraseConversion(c homing.Conversion, lead func(homing.Conversion) string) error {
	if _, gone := w.erased[c.Account]; gone {
		return nil
	}
	if err := exec(w.conn, "DELETE FROM receipts WHERE conversion = ?1", c.ID); err != nil {
		return err
	}
	if err := exec(w.conn, "UPDATE changes SET reason = '' WHERE conversion = ?1 AND from_status <> 0", c.ID); err != nil {
		return err
	}
	if c.Lead == "" {
		return nil
	}
	return exec(w.conn, "UPDATE conversions SET lead = ?2 WHERE id = ?1", c.ID, []byte(lead(c)))
}

// isErased tells whether the click of a claim has a tombstone.
func (w *writer) isErased(c *claim) (bool, error) {
	if !w.erasedClicks {
		return false, nil
	}
	return w.hasRow(w.stmts.erasedClick, c.click[:])
}

// decideErased is decide for an erased click. The claim itself stays as it is:
// it may be carried out again.
func (w *writer) decideErased(c *claim, d *decision) error {
	bare := *c
	bare.bare = true
	candidates := []string{""}
	if len(c.Lead) > 0 {
		if w.leadHashes == nil {
			return errUnhashed
		}
		candidates = w.leadHashes(string(c.Lead))
	}
	// From the oldest key to the newest, under which a first one is stored.
	for i := len(candidates) - 1; i >= 0; i-- {
		bare.Lead = []byte(candidates[i])
		found, err := w.find(&bare, d)
		if err == nil {
			d.Mixed, err = w.hasRow(w.otherKind(&bare), bare.click[:])
		}
		if err != nil || found {
			return err
		}
	}
	return w.insert(&bare, d)
}

// Erasures implements ledger.Books.
func (l *Ledger) Erasures(ctx context.Context, after int64, limit int) (found []ledger.Erasure, err error) {
	const sql = "SELECT number, at, account, click FROM erased WHERE number > ?1 ORDER BY number LIMIT ?2"
	err = l.read(ctx, func(conn *sqlite.Conn) (err error) {
		found, err = collect(conn, sql, func(row *sqlite.Stmt) (ledger.Erasure, error) {
			e := ledger.Erasure{
				Number:  row.ColumnInt64(0),
				At:      homing.Millis(row.ColumnInt64(1)),
				Account: homing.AccountID(row.ColumnInt64(2)),
			}
			if row.ColumnLen(3) == homing.OriginLen {
				var click [homing.OriginLen]byte
				row.ColumnBytes(3, click[:])
				e.Click = homing.UnpackOrigin(click)
			}
			return e, nil
		}, after, max(limit, 0))
		return err
	})
	return found, told("read the erasures", err)
}
