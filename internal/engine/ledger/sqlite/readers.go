package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// read lends run a read-only connection. Each of its statements sees what was
// committed when it began; run must be quick, because a read under way keeps
// the log from starting over.
func (l *Ledger) read(ctx context.Context, run func(*sqlite.Conn) error) error {
	if err := l.broken(); err != nil {
		return err
	}
	select {
	case <-l.closing:
		return errClosed
	default:
	}
	var conn *sqlite.Conn
	select {
	case conn = <-l.readers:
	case <-ctx.Done():
		return gaveUp(ctx)
	case <-l.closing:
		return errClosed
	}
	conn.SetInterrupt(ctx.Done())
	defer func() {
		conn.SetInterrupt(nil)
		l.readers <- conn
	}()
	err := run(conn)
	l.damage.meet("reading", err)
	if err != nil && ctx.Err() != nil {
		return gaveUp(ctx)
	}
	return err
}

// readAtOnce is read with all statements seeing the same moment.
func (l *Ledger) readAtOnce(ctx context.Context, run func(*sqlite.Conn) error) error {
	return l.read(ctx, func(conn *sqlite.Conn) (err error) {
		if err := exec(conn, "BEGIN"); err != nil {
			return err
		}
		defer func() {
			conn.SetInterrupt(nil) // or ROLLBACK would be interrupted as well
			if endErr := exec(conn, "ROLLBACK"); err == nil {
				err = endErr
			}
		}()
		return run(conn)
	})
}
