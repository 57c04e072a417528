package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"

	"homing"
)

// firstSummed is the first format whose pages carry checksums.
const firstSummed = 4

// renewPragmas are for a file that is nobody's before it is whole and synced.
const renewPragmas = `
	PRAGMA journal_mode = OFF;
	PRAGMA synchronous = OFF;
	PRAGMA cache_size = -65536;
	PRAGMA temp_store = MEMORY;
	PRAGMA trusted_schema = OFF;`

// renew makes a file of the present format and puts it in the place of what is
// at path: nothing (state is none), or a file from before pages had checksums.
// That one is brought to the last format before in its own place, and then copied
// table by table, which takes as much room once more. A crash on the way leaves
// the old file, and one beside it that the next renewal begins anew.
func (l *Ledger) renew(state fileState, patience time.Duration) (err error) {
	fresh := l.path + "-new"
	if err := removeFile(fresh); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("couldn't write the ledger anew, in format %d: %w", len(migrations), err), removeFile(fresh))
		}
	}()
	if err := os.WriteFile(fresh, firstPage(), 0o600); err != nil {
		return err
	}
	if state == none {
		err = l.fill(fresh, "")
	} else {
		err = l.moveTo(fresh, patience)
	}
	if err != nil {
		return err
	}
	if err := syncFile(fresh); err != nil {
		return err
	}
	return os.Rename(fresh, l.path)
}

// moveTo fills fresh with what the old file has. The old one is held meanwhile,
// and left without a log, which would be taken for the new one's.
func (l *Ledger) moveTo(fresh string, patience time.Duration) error {
	old := uriOf(l.path, "vfs", inMemoryIndex)
	conn, err := connect(old, sqlite.OpenReadWrite, patience, writerPragmas)
	if err != nil {
		return err
	}
	if err = migrate(conn, firstSummed-1); err == nil {
		_, err = checkpoint(conn, "TRUNCATE")
	}
	if err == nil {
		stop := l.tellProgress(fresh)
		err = l.fill(fresh, old)
		stop()
	}
	if err = errors.Join(err, conn.Close()); err != nil {
		return err
	}
	if info, err := os.Stat(l.path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%w: its log cannot be folded", homing.ErrUnavailable)
	}
	return removeFile(l.path + "-wal")
}

// fill makes the tables in fresh, and copies those of the database with the URI
// old, if one is given.
func (l *Ledger) fill(fresh, old string) error {
	conn, err := connect(summedURI(fresh, ""), sqlite.OpenReadWrite, 0, renewPragmas)
	if err != nil {
		return err
	}
	if err = migrate(conn, len(migrations)); err == nil && old != "" {
		err = copyTables(conn, old)
	}
	return errors.Join(err, conn.Close())
}

// copyTables copies all rows with their numbers. Both have the same tables: a
// step beyond firstSummed-1 that changed one would have to follow the copying.
func copyTables(conn *sqlite.Conn, old string) error {
	if err := exec(conn, "ATTACH ?1 AS old", old); err != nil {
		return err
	}
	tables, err := collect(conn, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name = 'sqlite_sequence', name",
		func(row *sqlite.Stmt) (string, error) { return row.ColumnText(0), nil })
	if err != nil {
		return err
	}
	if err := exec(conn, "BEGIN"); err != nil {
		return err
	}
	for _, table := range tables {
		for _, sql := range []string{"DELETE FROM main.%[1]s", "INSERT INTO main.%[1]s SELECT * FROM old.%[1]s"} {
			if err := exec(conn, fmt.Sprintf(sql, table)); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
		}
	}
	return exec(conn, "COMMIT")
}

// firstPage is an empty database of SQLite's with room for sums in every page:
// file format, section 1.3. SQLite knows no other way to reserve it from Go.
func firstPage() []byte {
	page := make([]byte, pageSize)
	copy(page, sqliteMagic)
	binary.BigEndian.PutUint16(page[16:], pageSize)
	copy(page[18:], []byte{1, 1, sumLen, 64, 32, 32}) // versions, reserved bytes, fractions
	binary.BigEndian.PutUint32(page[24:], 1)          // changes
	binary.BigEndian.PutUint32(page[28:], 1)          // pages
	binary.BigEndian.PutUint32(page[44:], 4)          // format of the schema
	binary.BigEndian.PutUint32(page[56:], 1)          // UTF-8
	binary.BigEndian.PutUint32(page[92:], 1)          // changes when the next was written
	binary.BigEndian.PutUint32(page[96:], sqlite.VersionNumber)
	page[headerLen] = 13 // an empty leaf: the schema
	binary.BigEndian.PutUint16(page[headerLen+5:], summable)
	seal(page, 1)
	return page
}

const sqliteMagic = "SQLite format 3\x00"

// unsummed tells of the first page of a file that does not verify whether it need
// not: it is another program's, a newer homing's, which may do it otherwise, or of
// a format from before. That last is also how somebody who has changed the file by
// other means says that its sums are void: PRAGMA user_version = 3. Rot that makes
// a 4 a 3 turns three bits of one byte.
func unsummed(page []byte) bool {
	version := binary.BigEndian.Uint32(page[60:])
	return string(page[:len(sqliteMagic)]) != sqliteMagic || binary.BigEndian.Uint32(page[68:]) != applicationID ||
		version < firstSummed || int64(version) > int64(len(migrations))
}

const progressEvery = 10 * time.Second

// tellProgress logs how much is copied, until stop. A small ledger is done before
// the first word.
func (l *Ledger) tellProgress(fresh string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				l.log.Info("the ledger is written anew, with checksums", "megabytes", sizeOf(fresh)>>20, "of", sizeOf(l.path)>>20)
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile brings a file that nobody has open to the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", homing.ErrUnavailable, filepath.Base(path), err)
	}
	return errors.Join(f.Sync(), f.Close())
}
