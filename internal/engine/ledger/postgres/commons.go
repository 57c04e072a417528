package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"homing"
	"homing/internal/engine/ledger"
)

var (
	_ ledger.Commons = (*Ledger)(nil)
	_ ledger.Warner  = (*Ledger)(nil)
	_ ledger.Watcher = (*Ledger)(nil)
)

// The trap in Hold: clocks of nodes differ by minutes. By their own, one whose
// clock is ahead would take a duty from a holder who is at work, and when it
// crashes the others would wait for those minutes. So a duty's end stands in the
// server's time, and callers only say how long. The holder counts from before it
// asked, so its own time is over first.

const serverNow = "(extract(epoch from clock_timestamp()) * 1000)::bigint"

const holdDuty = `INSERT INTO duties (duty, holder, until) VALUES ($1, $2, ` + serverNow + ` + $3)
	ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, until = excluded.until
	WHERE duties.holder = excluded.holder OR duties.until <= ` + serverNow

// Hold implements ledger.Commons.
func (l *Ledger) Hold(ctx context.Context, duty string, holder uint64, now, until homing.Millis) error {
	if holder == 0 || duty != storable(duty) {
		return fmt.Errorf("%w: duty %q of holder %d", homing.ErrInvalid, duty, holder)
	}
	if until <= now {
		_, err := l.write(ctx, "DELETE FROM duties WHERE duty = $1 AND holder = $2", duty, int64(holder))
		return told("give a duty up", err)
	}
	rows, err := l.write(ctx, holdDuty, duty, int64(holder), int64(until-now))
	if err == nil && rows == 0 {
		err = fmt.Errorf("%w: somebody else holds the duty %q", homing.ErrConflict, duty)
	}
	return told("hold a duty", err)
}

// Common implements ledger.Commons.
func (l *Ledger) Common(ctx context.Context, name string) (value []byte, err error) {
	err = l.read(ctx, func(ctx context.Context, q querier) error {
		value = nil
		err := q.QueryRow(ctx, "SELECT value FROM commons WHERE name = $1", storable(name)).Scan(&value)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err == nil && value != nil {
		err = l.assureCommon(ctx, name, string(value))
	}
	if err != nil {
		return nil, told("read a shared value", err)
	}
	return value, nil
}

// PutCommon implements ledger.Commons, each time by one statement that finds what
// it expects, or nothing.
func (l *Ledger) PutCommon(ctx context.Context, name string, old, value []byte) error {
	if name != storable(name) {
		return fmt.Errorf("%w: a shared value's name %q", homing.ErrInvalid, name)
	}
	var rows int64
	var err error
	switch {
	case old == nil && value == nil:
		return l.wantNoCommon(ctx, name)
	case old == nil:
		rows, err = l.write(ctx, "INSERT INTO commons (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, value)
	case value == nil:
		rows, err = l.write(ctx, "DELETE FROM commons WHERE name = $1 AND value = $2", name, old)
	default:
		rows, err = l.write(ctx, "UPDATE commons SET value = $3 WHERE name = $1 AND value = $2", name, old, value)
	}
	if err == nil && rows == 0 {
		err = errOtherCommon(name)
	}
	return told("write a shared value", err)
}

func (l *Ledger) wantNoCommon(ctx context.Context, name string) error {
	value, err := l.Common(ctx, name)
	if err == nil && value != nil {
		err = told("write a shared value", errOtherCommon(name))
	}
	return err
}

func errOtherCommon(name string) error {
	return fmt.Errorf("%w: %q holds another value", homing.ErrConflict, name)
}

// CommonNames implements ledger.Commons.
func (l *Ledger) CommonNames(ctx context.Context, prefix string) ([]string, error) {
	return list(ctx, l, "names of shared values",
		`SELECT name FROM commons WHERE substr(name, 1, length($1::text)) = $1 ORDER BY name COLLATE "C"`, pgx.RowTo[string], storable(prefix))
}
