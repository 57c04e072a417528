package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/ledger/rulebook"
)

// amendSQL moves a status and writes the change, or tells which status stands.
const amendSQL = `
WITH was AS MATERIALIZED (
  SELECT id, status FROM conversions WHERE id = $1
), moved AS (
  UPDATE conversions SET status = $3, flags = flags | $4 WHERE id = $1 AND status = $2 RETURNING id
), change AS (
  INSERT INTO changes (number, conversion, at, from_status, to_status, actor, reason)
  SELECT (SELECT coalesce(max(number), 0) + 1 FROM changes), id, $5, $2, $3, $6, $7 FROM moved
)
SELECT status FROM was`

// Amend implements ledger.Decider. Like a batch of claims it is sent as a whole,
// so that the turn is not held for a round trip.
func (l *Ledger) Amend(ctx context.Context, a ledger.Amendment) error {
	if err := rulebook.CheckMove(a.From, a.To); err != nil {
		return err
	}
	var status homing.Status
	err := l.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		for attempt := 1; ; attempt++ {
			var err error
			status, err = amendOnce(ctx, conn, a)
			if again := faultOf(err) == contested || stateOf(err) == uniqueViolation; !again || attempt == mostAttempts {
				return err
			}
			l.repeated(err)
		}
	})
	switch {
	case err != nil:
		return told("amend a conversion", err)
	case status == 0:
		return fmt.Errorf("%w: conversion %v", homing.ErrNotFound, a.Conversion)
	case status != a.From:
		return fmt.Errorf("%w: conversion %v is %v, not %v", homing.ErrConflict, a.Conversion, status, a.From)
	}
	return nil
}

// amendOnce returns the status that stood before; 0 if there is no conversion.
func amendOnce(ctx context.Context, conn *pgxpool.Conn, a ledger.Amendment) (status homing.Status, err error) {
	forgetNotice(conn.Conn().PgConn())
	var batch pgx.Batch
	batch.Queue(begin)
	batch.Queue(lockTurn)
	batch.Queue(amendSQL, int64(a.Conversion), int64(a.From), int64(a.To), int64(rulebook.Acceptance(a)), int64(a.At), storable(a.Actor), storable(a.Reason)).
		QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&status); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
	batch.Queue("COMMIT")
	err = conn.SendBatch(ctx, &batch).Close()
	if err != nil && !conn.Conn().IsClosed() && conn.Conn().PgConn().TxStatus() != 'I' {
		_, rollbackErr := conn.Exec(ctx, "ROLLBACK")
		return 0, errors.Join(err, rollbackErr)
	}
	return status, errors.Join(err, noticed(conn.Conn().PgConn()))
}
