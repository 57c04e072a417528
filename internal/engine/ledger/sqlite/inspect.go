package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"zombiezen.com/go/sqlite"

	"homing"
)

// Inspect looks into the file of a ledger that nobody has open, and changes
// nothing: for one that cannot be opened, or should not be before somebody has
// looked. It reports what Check would, and what the next Open would not be able
// to replay of an unclean end. quick looks at no more than the header and the
// log. A file that is no ledger is homing.ErrInvalid or homing.ErrDamaged, one of
// a newer version homing.ErrNewer, none at all homing.ErrNotFound.
//
// The file is read as immutable, without its log: SQLite cannot read a log
// without writing an index of it. A file without its log may be between two
// moments, so of a ledger that was not closed in order no more than quick is done.
func Inspect(ctx context.Context, path string, quick bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", filepath.Base(path), homing.ErrNotFound)
	case err != nil:
		return told("look into the ledger", err)
	case info.Size() == 0:
		return fmt.Errorf("%s is empty: %w", filepath.Base(path), homing.ErrDamaged)
	}
	whole, err := filepath.Abs(path) // of a relative one the first directory would be taken for a host
	if err != nil {
		return told("look into the ledger", err)
	}
	faults := []error{inspectLogOf(path)}
	seen := map[rot]bool{}
	watcher, unwatch := watch(func(r rot) {
		if !seen[r] {
			faults = append(faults, fmt.Errorf("%w: %s", homing.ErrDamaged, r.words(path)))
		}
		seen[r] = true
	})
	defer unwatch()
	conn, err := sqlite.OpenConn(summedURI(whole, watcher, "immutable", "1"), sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		return told("look into the ledger", err)
	}
	defer func() { _ = conn.Close() }() // it was only read
	conn.SetInterrupt(ctx.Done())
	err = checkHeader(conn)
	if sqlite.ErrCode(err) == sqlite.ResultFormat { // see unsummed
		_, err = versionOf(uriOf(whole, "immutable", "1"), checkHeader)
		return errors.Join(append(faults, told("look into the ledger", err))...) // its tables are of an older format
	}
	if err != nil {
		return errors.Join(append(faults, told("look into the ledger", err))...)
	}
	if wal, err := os.Stat(path + "-wal"); quick || err == nil && wal.Size() > 0 {
		return errors.Join(faults...)
	}
	if version, err := pragma(conn, "PRAGMA user_version"); err != nil || int(version) < len(migrations) {
		return errors.Join(append(faults, told("look into the ledger", err))...)
	}
	for _, find := range checks {
		found, err := find(conn)
		if err != nil {
			faults = append(faults, told("check the ledger", err))
		}
		for _, fault := range found {
			faults = append(faults, fmt.Errorf("%w: %s", homing.ErrDamaged, explained(fault)))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.Join(slices.DeleteFunc(faults, func(err error) bool { return err == nil })...)
}

// inspectLogOf tells of commits in the log of an unclean end that the next
// opening cannot replay.
func inspectLogOf(path string) error {
	name := path + "-wal"
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return told("look into the ledger's log", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return told("look into the ledger's log", err)
	}
	cut, err := walkLog(f, info.Size())
	if err != nil {
		return fmt.Errorf("%w: couldn't read all of %s: %v", homing.ErrDamaged, filepath.Base(name), err)
	}
	if !cut.lost() {
		return nil
	}
	return fmt.Errorf("%w: %s is damaged at byte %d: %d frames with %d commits from there on, written and mostly acknowledged "+
		"before the unclean end, cannot be replayed", homing.ErrDamaged, filepath.Base(name), cut.offset, cut.frames, cut.commits)
}
