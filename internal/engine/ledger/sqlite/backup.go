package sqlite

import (
	"context"
	"errors"
	"os"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing/internal/engine/ledger"
)

// copyPragmas are the readers' but for query_only, which forbids writing to the
// new file as well. The connection is a read-only one, so the ledger itself
// cannot be written over it.
const copyPragmas = `
	PRAGMA cache_size = -8192;
	PRAGMA cell_size_check = ON;
	PRAGMA trusted_schema = OFF;`

// Copy implements ledger.Copier by VACUUM INTO: one read transaction, which the
// writer does not notice but for a log that cannot start over until it ends. It
// reads every row and writes every index anew, so a copy has no free pages and
// no index that disagrees with its table, and damage that SQLite can see ends it.
// The naive way, to copy the file's bytes, would copy pages of different moments,
// and closing the file would drop the locks of everybody in this process.
//
// Nothing that happens here may end the ledger: an fsync that fails is one of the
// new file.
func (l *Ledger) Copy(ctx context.Context, path string) (done ledger.Copied, err error) {
	if err := l.broken(); err != nil {
		return done, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-l.closing:
			stop()
		case <-ctx.Done():
		}
	}()
	l.writer.log.copies.Add(1)
	defer l.writer.log.copies.Add(-1)
	if err := l.vacuumInto(ctx, path); err != nil {
		if ctx.Err() != nil {
			return done, gaveUp(ctx)
		}
		l.damage.meet("copying", err)
		return done, told("copy the ledger to "+path, err)
	}
	done, err = lookInto(path)
	return done, told("read the copy of the ledger "+path, err)
}

func (l *Ledger) vacuumInto(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) // SQLite would let others read it
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	conn, err := connect(l.uri, sqlite.OpenReadOnly, l.writer.patience, copyPragmas)
	if err != nil {
		return err
	}
	conn.SetInterrupt(ctx.Done())
	err = sqlitex.ExecuteTransient(conn, "VACUUM INTO ?1", &sqlitex.ExecOptions{Args: []any{path}})
	conn.SetInterrupt(nil)
	return errors.Join(err, conn.Close())
}

// lookInto reads how far a copy goes. Nobody else has it open.
func lookInto(path string) (c ledger.Copied, err error) {
	uri := summedURI(path, "", "immutable", "1") // leaves nothing beside it
	conn, err := sqlite.OpenConn(uri, sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		return c, err
	}
	err = checkHeader(conn)
	for _, q := range []struct {
		into *int64
		sql  string
	}{
		{&c.Change, "SELECT coalesce(max(number), 0) FROM changes"},
		{&c.Conversions, "SELECT coalesce(max(id), 0) FROM conversions"},
		{&c.Erasure, "SELECT coalesce(max(number), 0) FROM erased"},
	} {
		if err == nil {
			*q.into, _, err = queryInt(conn, q.sql)
		}
	}
	return c, errors.Join(err, conn.Close())
}
