package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
)

const changeColumns = "SELECT number, conversion, at, from_status, to_status, actor, reason FROM changes"

// Changes implements ledger.Books.
func (l *Ledger) Changes(ctx context.Context, after int64, limit int) (found []homing.Change, err error) {
	found = make([]homing.Change, 0, min(max(limit, 0), pageLen))
	err = l.read(ctx, func(conn *sqlite.Conn) error {
		return query(conn, changeColumns+" WHERE number > ?1 ORDER BY number LIMIT ?2", func(row *sqlite.Stmt) error {
			found = append(found, changeOf(row))
			return nil
		}, after, max(limit, 0))
	})
	return found, told("read the ledger's changes", err)
}

// History implements ledger.Books. A conversion that does not exist has none:
// homing.ErrNotFound.
func (l *Ledger) History(ctx context.Context, id homing.ConversionID) (found []homing.Change, err error) {
	const sql = changeColumns + " WHERE number = (SELECT change FROM conversions WHERE id = ?1) UNION ALL " +
		changeColumns + " WHERE conversion = ?1 AND from_status <> 0 ORDER BY number"
	err = l.read(ctx, func(conn *sqlite.Conn) error {
		return query(conn, sql, func(row *sqlite.Stmt) error {
			found = append(found, changeOf(row))
			return nil
		}, id)
	})
	if err == nil && len(found) == 0 {
		return nil, fmt.Errorf("%w: conversion %v", homing.ErrNotFound, id)
	}
	return found, told("read a conversion's history", err)
}

// Audit implements ledger.Books.
func (l *Ledger) Audit(ctx context.Context, q ledger.AuditQuery) (found []ledger.AuditEntry, err error) {
	const sql = `SELECT number, at, actor, action, object, detail FROM audit
		WHERE (?2 = 0 OR number < ?2) AND (?3 = 0 OR account = ?3) AND (?4 = '' OR actor = ?4)
			AND (?5 = '' OR action = ?5 OR substr(action, 1, length(?5) + 1) = ?5 || '.')
		ORDER BY number DESC LIMIT ?1`
	err = l.read(ctx, func(conn *sqlite.Conn) error {
		found = nil
		return query(conn, sql, func(row *sqlite.Stmt) error {
			found = append(found, ledger.AuditEntry{
				Number: row.ColumnInt64(0),
				At:     homing.Millis(row.ColumnInt64(1)),
				Actor:  row.ColumnText(2),
				Action: row.ColumnText(3),
				Object: row.ColumnText(4),
				Detail: row.ColumnText(5),
			})
			return nil
		}, max(q.Limit, 0), q.Before, q.Account, q.Actor, q.Action)
	})
	return found, told("read the audit log", err)
}
