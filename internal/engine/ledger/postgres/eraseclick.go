package postgres

import (
	"context"
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// The erasure of a click is one transaction: a click has few conversions. It holds
// the turn, so no claim is decided meanwhile. Lead codes become hashes, receipts
// go, and so do reasons, which are people's words.
//
// Its row in erased is a tombstone. The click's id may come home once more, or
// for the first time: then the claim's lead code is hashed before anything else
// (see decideErased), so a lead code that was counted before the erasure is a
// duplicate after it, and one that is new is stored as its hash, without a
// receipt. The hash is Options.LeadHashes', which must be the one the edit brings.

// eraseClick hashes and removes what is kept of a click.
func (d desk) eraseClick(ctx context.Context, edit ledger.EraseClick) (e rulebook.Entry, err error) {
	click := edit.Click.Pack()
	var known bool
	if err := d.QueryRow(ctx, "SELECT count(*) > 0 FROM erased WHERE click = $1", click[:]).Scan(&known); err != nil || known {
		return e, err // erased already: what came since is hashed
	}
	found, err := collect(ctx, d, conversionColumns+" WHERE c.click = $1 ORDER BY c.id", conversionOf, click[:])
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
			if err := d.eraseConversion(ctx, c, lead); err != nil {
				return e, err
			}
		}
	}
	number, err := d.next(ctx, "erased")
	if err != nil {
		return e, err
	}
	if err := exec(ctx, d, "INSERT INTO erased (number, at, account, click) VALUES ($1, $2, 0, $3)", number, int64(d.by.At), click[:]); err != nil {
		return e, err
	}
	object := fmt.Sprintf("click of campaign %v at %v", edit.Click.Campaign, edit.Click.Time)
	return rulebook.Entry{Action: "click.erase", Object: object, Account: account}, nil
}

// eraseConversion blanks a conversion of an erased click. One of an erased
// account is left to that erasure, or its hash would be hashed again.
func (d desk) eraseConversion(ctx context.Context, c homing.Conversion, lead func(homing.Conversion) string) error {
	var gone bool
	if err := d.QueryRow(ctx, "SELECT count(*) > 0 FROM accounts WHERE id = $1 AND erased", int64(c.Account)).Scan(&gone); err != nil || gone {
		return err
	}
	if err := exec(ctx, d, "DELETE FROM receipts WHERE conversion = $1", int64(c.ID)); err != nil {
		return err
	}
	if err := exec(ctx, d, "UPDATE changes SET reason = '' WHERE conversion = $1 AND from_status <> 0", int64(c.ID)); err != nil {
		return err
	}
	if c.Lead == "" {
		return nil
	}
	return exec(ctx, d, "UPDATE conversions SET lead = $2 WHERE id = $1", int64(c.ID), []byte(lead(c)))
}
