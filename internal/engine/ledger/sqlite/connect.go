package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"homing"
)

// walLimit is how long the write-ahead log may be, in bytes, before the writer
// is asked to have it start over. It goes beyond while readers hold it. The
// ballast must be larger.
const walLimit = 8 << 20

// writerPragmas: an fsync a commit; checkpoints are the keeper's; no temporary files.
// A log that starts over stays as long as it ever gets under a steady load: to
// write where the file has room already is what makes a commit quick (see logFile).
// Options.Cache adds the pages that are kept, by default enough for those of a
// month's unique index that are in use.
var writerPragmas = fmt.Sprintf(`
	PRAGMA journal_mode = WAL;
	PRAGMA synchronous = FULL;
	PRAGMA foreign_keys = ON;
	PRAGMA wal_autocheckpoint = 0;
	PRAGMA journal_size_limit = %d;
	PRAGMA temp_store = MEMORY;
	PRAGMA trusted_schema = OFF;`, lateBytes)

const readerPragmas = `
	PRAGMA query_only = ON;
	PRAGMA cache_size = -8192;
	PRAGMA cell_size_check = ON;
	PRAGMA temp_store = MEMORY;
	PRAGMA trusted_schema = OFF;`

// inMemoryIndex is SQLite's way to files that keeps the index of the write-ahead
// log in our memory, and the file locked for us alone. Otherwise the index is a
// file mapped into memory: on a disk that hangs, a write to it is a page fault
// that does not end. That is no system call, so Go's scheduler knows nothing of
// it; its next collection of garbage waits for that thread, and everything for
// the collection: nobody would be answered at all.
const inMemoryIndex = "unix-excl"

// connect opens a connection that waits for locks as long as patience.
func connect(uri string, mode sqlite.OpenFlags, patience time.Duration, pragmas string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(uri, mode|sqlite.OpenURI)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(patience)
	for pragmas != "" {
		stmt, rest, err := conn.PrepareTransient(pragmas)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		for row := true; row && err == nil; { // PRAGMA answers with rows
			row, err = stmt.Step()
		}
		if err = errors.Join(err, stmt.Finalize()); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		pragmas = pragmas[len(pragmas)-rest:]
	}
	return conn, nil
}

// applicationID stands in the header of every ledger: "hmng".
const applicationID = 0x686d6e67

// fileState is what is found at a ledger's path.
type fileState int

const (
	none    fileState = iota // nothing, or a file without a byte in it
	old                      // of a format without checksums
	present                  // of one with them
)

// inspect looks into the file, without changing it, and refuses what is not ours
// to change. Without a write-ahead log beside it the file is read as immutable,
// which leaves no trace at all.
func (l *Ledger) inspect() (fileState, error) {
	path := l.path
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	how, set := "immutable", "1"
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		how, set = "mode", "ro"
	}
	version, err := versionOf(l.uri+"&"+how+"="+set, nil)
	if sqlite.ErrCode(err) == sqlite.ResultFormat || err == nil && version < firstSummed { // see unsummed
		_, err = versionOf(uriOf(path, how, set), checkHeader)
		return old, err
	}
	if err == nil {
		_, err = versionOf(l.uri+"&"+how+"="+set, checkHeader)
	}
	return present, err
}

// versionOf reads the format of a ledger if check, if there is one, does not
// refuse the file. The first page is enough for that, which may come from the
// log, and then tells nothing of the sums of the others.
func versionOf(uri string, check func(*sqlite.Conn) error) (version int64, err error) {
	conn, err := sqlite.OpenConn(uri, sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		return 0, err
	}
	if check != nil {
		err = check(conn)
	}
	if err == nil {
		version, err = pragma(conn, "PRAGMA user_version")
	}
	return version, errors.Join(err, conn.Close())
}

// checkHeader refuses a file that another program wrote, or a newer homing. An
// SQLite file without anything in it is taken for one whose making was cut
// short.
func checkHeader(conn *sqlite.Conn) error {
	id, err := pragma(conn, "PRAGMA application_id")
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB {
		return fmt.Errorf("%w: the file is not a ledger of homing, and not an SQLite database", homing.ErrInvalid)
	}
	if err != nil {
		return err
	}
	tables, _, err := queryInt(conn, "SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	if id == 0 && tables == 0 {
		return nil
	}
	if id != applicationID {
		return fmt.Errorf("%w: the file is an SQLite database, but not a ledger of homing (application_id %#x)",
			homing.ErrInvalid, id)
	}
	version, err := pragma(conn, "PRAGMA user_version")
	if err == nil && int(version) > len(migrations) {
		err = fmt.Errorf("%w: its format is %d, this program knows up to %d", homing.ErrNewer, version, len(migrations))
	}
	return err
}

// pragma reads a number without keeping a statement.
func pragma(conn *sqlite.Conn, sql string) (n int64, err error) {
	err = sqlitex.ExecuteTransient(conn, sql, &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
		n = row.ColumnInt64(0)
		return nil
	}})
	return n, err
}
