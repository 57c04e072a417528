package postgres

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
)

const conversionColumns = `SELECT c.id, c.click, c.lead, c.goal, c.account, c.campaign, c.status, c.value, c.price,
	c.currency, c.flags, c.at, c.request FROM conversions c`

func conversionOf(row pgx.CollectableRow) (c homing.Conversion, err error) {
	var click, lead, request []byte
	var value *int64
	if err := row.Scan(&c.ID, &click, &lead, &c.Goal, &c.Account, &c.Campaign, &c.Status, &value, &c.Price,
		&c.Currency, &c.Flags, &c.At, &request); err != nil {
		return c, err
	}
	c.Lead, c.Value = string(lead), valueOf(value)
	copy(c.Request[:], request)
	if len(click) != homing.OriginLen {
		return c, fmt.Errorf("%w: the click of conversion %v has %d bytes", homing.ErrDamaged, c.ID, len(click))
	}
	c.Click = homing.UnpackOrigin([homing.OriginLen]byte(click))
	return c, nil
}

// Conversions implements ledger.Books.
func (l *Ledger) Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error] {
	walk := newWalk(conversionColumns, q.After, q.Newest, q.Limit)
	walk.along(q.Account)
	narrow(walk, "c.campaign = $%d", int64(q.Campaign))
	narrow(walk, "c.status = $%d", int64(q.Status))
	narrow(walk, "c.at >= $%d", int64(q.Since))
	narrow(walk, "c.at < $%d", int64(q.Until))
	return pages(ctx, l, walk, func(row pgx.CollectableRow) (homing.Conversion, homing.ConversionID, error) {
		c, err := conversionOf(row)
		return c, c.ID, err
	})
}

// ConversionsOf implements ledger.Books.
func (l *Ledger) ConversionsOf(ctx context.Context, click homing.Origin) ([]homing.Conversion, error) {
	key := click.Pack()
	return list(ctx, l, "conversions of a click", conversionColumns+" WHERE c.click = $1 ORDER BY c.id", conversionOf, key[:])
}

// Receipts implements ledger.Books.
func (l *Ledger) Receipts(ctx context.Context, q ledger.ReceiptQuery) iter.Seq2[homing.Postback, error] {
	walk := newWalk("SELECT c.id, c.flags, r.record FROM conversions c JOIN receipts r ON r.conversion = c.id", q.After, q.Newest, q.Limit)
	if q.Click != (homing.Origin{}) {
		key := q.Click.Pack()
		walk.add("c.click = $%d", key[:])
		walk.few = true
		narrow(walk, "c.account = $%d", int64(q.Account))
	} else {
		walk.along(q.Account)
	}
	arrived(walk, ">=", q.Since)
	arrived(walk, "<", q.Until)
	return pages(ctx, l, walk, func(row pgx.CollectableRow) (p homing.Postback, id homing.ConversionID, err error) {
		var flags homing.Flags
		var record []byte
		if err := row.Scan(&id, &flags, &record); err != nil {
			return p, id, err
		}
		p, err = homing.DecodePostback(record)
		p.Conversion = id
		p.Verdict.Flags |= flags
		return p, id, err
	})
}

// arrived narrows by the receipt's own time. That of a replay is not its
// conversion's, but stands in its request's id.
func arrived(w *walk, compare string, at homing.Millis) {
	if at == 0 {
		return
	}
	id := homing.NewRequestID(at, 0, 0)
	w.add(fmt.Sprintf("CASE WHEN c.flags & %d <> 0 THEN substring(c.request from 1 for 6) %s $%%d ELSE c.at %s $%%d END",
		homing.FlagReplayed, compare, compare), id[:6], int64(at))
}

// Erasures implements ledger.Books. They are numbered and committed one at a
// time, so none below one that is seen can be missing.
func (l *Ledger) Erasures(ctx context.Context, after int64, limit int) ([]ledger.Erasure, error) {
	erasures, err := list(ctx, l, "erasures", "SELECT number, at, account, click FROM erased WHERE number > $1 ORDER BY number LIMIT $2",
		func(row pgx.CollectableRow) (e ledger.Erasure, err error) {
			var click []byte
			err = row.Scan(&e.Number, &e.At, &e.Account, &click)
			if len(click) == homing.OriginLen {
				e.Click = homing.UnpackOrigin([homing.OriginLen]byte(click))
			}
			return e, err
		}, after, max(limit, 0))
	if n := len(erasures); err == nil && n > 0 {
		err = told("read the erasures", l.assure(ctx, &l.assured.erasure, erasures[n-1].Number, highestErasure))
	}
	if err != nil {
		return nil, err
	}
	return erasures, nil
}

const changeColumns = "SELECT number, conversion, at, from_status, to_status, actor, reason FROM changes"

func changeOf(row pgx.CollectableRow) (c homing.Change, err error) {
	err = row.Scan(&c.Number, &c.Conversion, &c.At, &c.From, &c.To, &c.Actor, &c.Reason)
	return c, err
}

// Changes implements ledger.Books. Who numbers changes holds the turn until its
// commit: a number that can be seen has none below it that cannot (see package
// postgres).
func (l *Ledger) Changes(ctx context.Context, after int64, limit int) ([]homing.Change, error) {
	changes, err := list(ctx, l, "changes", changeColumns+" WHERE number > $1 ORDER BY number LIMIT $2", changeOf, after, max(limit, 0))
	if n := len(changes); err == nil && n > 0 {
		err = told("read the changes", l.assure(ctx, &l.assured.change, changes[n-1].Number, highestChange))
	}
	if err != nil {
		return nil, err
	}
	return changes, nil
}

// History implements ledger.Books. A conversion that does not exist has none:
// homing.ErrNotFound.
func (l *Ledger) History(ctx context.Context, id homing.ConversionID) ([]homing.Change, error) {
	found, err := list(ctx, l, "changes of a conversion", changeColumns+" WHERE number = (SELECT change FROM conversions WHERE id = $1) UNION ALL "+
		changeColumns+" WHERE conversion = $1 AND from_status <> 0 ORDER BY number", changeOf, int64(id))
	if err == nil && len(found) == 0 {
		return nil, fmt.Errorf("%w: conversion %v", homing.ErrNotFound, id)
	}
	return found, err
}

// Audit implements ledger.Books.
func (l *Ledger) Audit(ctx context.Context, q ledger.AuditQuery) ([]ledger.AuditEntry, error) {
	const sql = `SELECT number, at, actor, action, object, detail FROM audit
		WHERE ($2::bigint = 0 OR number < $2) AND ($3::bigint = 0 OR account = $3) AND ($4::text = '' OR actor = $4)
			AND ($5::text = '' OR action = $5 OR substr(action, 1, length($5) + 1) = $5 || '.')
		ORDER BY number DESC LIMIT $1`
	return list(ctx, l, "audit log", sql, func(row pgx.CollectableRow) (e ledger.AuditEntry, err error) {
		err = row.Scan(&e.Number, &e.At, &e.Actor, &e.Action, &e.Object, &e.Detail)
		return e, err
	}, max(q.Limit, 0), q.Before, int64(q.Account), storable(q.Actor), storable(q.Action))
}
