package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"homing"
)

// querier is what statements are given to: a connection, or a transaction on it.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// longer is how many times as long as a claim everything else may wait.
const longer = 4

// on lends run a connection. Its time ends with ctx, with the ledger, and after
// longer times the patience of a claim.
func (l *Ledger) on(ctx context.Context, run func(context.Context, *pgxpool.Conn) error) error {
	return l.within(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, longer*l.patience)
		defer cancel()
		return l.lend(ctx, run)
	})
}

// within has run end with the ledger, as well as with ctx.
func (l *Ledger) within(outer context.Context, run func(context.Context) error) error {
	if l.work.Err() != nil {
		return context.Cause(l.work)
	}
	if outer.Err() != nil {
		return gaveUp(outer)
	}
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	defer context.AfterFunc(l.work, func() { cancel(context.Cause(l.work)) })()
	err := run(ctx)
	switch {
	case err == nil:
		return nil
	case l.work.Err() != nil && faultOf(err) == passing:
		return context.Cause(l.work)
	case outer.Err() != nil && faultOf(err) == passing:
		return gaveUp(outer)
	}
	return err
}

func (l *Ledger) lend(ctx context.Context, run func(context.Context, *pgxpool.Conn) error) error {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return l.connecting(err)
	}
	defer conn.Release()
	err = run(ctx, conn)
	l.meet("using", err)
	if stateOf(err) == readOnly {
		l.pool.Reset() // they lead to what is a standby now
	}
	return err
}

// read lends run a connection outside of a transaction: each statement sees what
// was committed when it began.
func (l *Ledger) read(ctx context.Context, run func(context.Context, querier) error) error {
	return l.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return run(ctx, conn) })
}

// readAtOnce is read with all statements seeing the same moment.
func (l *Ledger) readAtOnce(ctx context.Context, run func(context.Context, querier) error) error {
	return l.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return atOnce(ctx, conn, run) })
}

func atOnce(ctx context.Context, conn *pgxpool.Conn, run func(context.Context, querier) error) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // it has written nothing
	return run(ctx, tx)
}

// lockSettings waits until everybody who changes settings or people has committed.
const lockSettings = "SELECT one FROM settings WHERE one = 1 FOR UPDATE"

// What a transaction waits for before it begins, in the one order that everybody
// keeps to.
var (
	settingsTurn = []string{lockSettings}
	bothTurns    = []string{lockSettings, lockTurn} // for what changes settings and conversions
	erasureTurn  = []string{lockErasures}
)

// transact carries run out in a transaction, durably, after the locks are held. It
// may be called several times, if others are in the way.
func (l *Ledger) transact(ctx context.Context, locks []string, run func(context.Context, pgx.Tx) error) error {
	return l.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		for attempt := 1; ; attempt++ {
			err := transactOnce(ctx, conn, locks, run)
			if faultOf(err) != contested || attempt == mostAttempts || ctx.Err() != nil {
				return err
			}
			l.repeated(err)
		}
	})
}

// repeated tells of a transaction that others were in the way of, and that is carried
// out again. On a server of PostgreSQL's own kind there are none: whoever could be in
// the way waits for a lock first.
func (l *Ledger) repeated(err error) {
	l.log.Debug("a transaction of the ledger is carried out again", "err", err)
}

func transactOnce(ctx context.Context, conn *pgxpool.Conn, locks []string, run func(context.Context, pgx.Tx) error) error {
	forgetNotice(conn.Conn().PgConn())
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // does nothing after Commit
	for _, lock := range locks {
		if _, err := tx.Exec(ctx, lock); err != nil {
			return err
		}
	}
	if err := run(ctx, tx); err != nil {
		return err
	}
	return errors.Join(tx.Commit(ctx), noticed(conn.Conn().PgConn()))
}

// write carries out one statement, which is a transaction of its own, and tells
// how many rows it touched.
func (l *Ledger) write(ctx context.Context, sql string, args ...any) (rows int64, err error) {
	err = l.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		for attempt := 1; ; attempt++ {
			forgetNotice(conn.Conn().PgConn())
			tag, err := conn.Exec(ctx, sql, args...)
			if faultOf(err) == contested && attempt < mostAttempts {
				continue
			}
			rows = tag.RowsAffected()
			return errors.Join(err, noticed(conn.Conn().PgConn()))
		}
	})
	return rows, err
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, sql string, read func(pgx.CollectableRow) (T, error), args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, read)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, nil
}

// one reads the row of a number; homing.ErrNotFound if there is none.
func one[T any](ctx context.Context, q querier, object, sql string, read func(pgx.CollectableRow) (T, error), args ...any) (item T, err error) {
	all, err := collect(ctx, q, sql, read, args...)
	if err != nil {
		return item, err
	}
	if len(all) == 0 {
		return item, fmt.Errorf("%w: %s", homing.ErrNotFound, object)
	}
	return all[0], nil
}

// orNull passes the zero value as NULL.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// exec carries out one statement and drops what it returns.
func exec(ctx context.Context, q querier, sql string, args ...any) error {
	_, err := q.Exec(ctx, sql, args...)
	return err
}
