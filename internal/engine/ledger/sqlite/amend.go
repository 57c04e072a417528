package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// Amend implements ledger.Decider.
func (l *Ledger) Amend(ctx context.Context, a ledger.Amendment) error {
	if err := rulebook.CheckMove(a.From, a.To); err != nil {
		return err
	}
	return l.do(ctx, func(w *writer) error { return w.amend(a) })
}

func (w *writer) amend(a ledger.Amendment) error {
	status, found, err := queryInt(w.conn, "SELECT status FROM conversions WHERE id = ?1", a.Conversion)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: conversion %v", homing.ErrNotFound, a.Conversion)
	}
	if now := homing.Status(status); now != a.From {
		return fmt.Errorf("%w: conversion %v is %v, not %v", homing.ErrConflict, a.Conversion, now, a.From)
	}
	if err := exec(w.conn, "UPDATE conversions SET status = ?2, flags = flags | ?3 WHERE id = ?1",
		a.Conversion, a.To, rulebook.Acceptance(a)); err != nil {
		return err
	}
	return w.insertChange(homing.Change{
		Conversion: a.Conversion, At: a.At, From: a.From, To: a.To, Actor: a.Actor, Reason: a.Reason,
	})
}

// changeOf reads the columns number, conversion, at, from_status, to_status,
// actor, reason.
func changeOf(row *sqlite.Stmt) homing.Change {
	return homing.Change{
		Number:     row.ColumnInt64(0),
		Conversion: homing.ConversionID(row.ColumnInt64(1)),
		At:         homing.Millis(row.ColumnInt64(2)),
		From:       homing.Status(row.ColumnInt64(3)),
		To:         homing.Status(row.ColumnInt64(4)),
		Actor:      row.ColumnText(5),
		Reason:     row.ColumnText(6),
	}
}
