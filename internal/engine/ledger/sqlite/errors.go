package sqlite

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"homing"
)

var (
	errClosed   = fmt.Errorf("%w: the ledger is closed", homing.ErrUnavailable)
	errQueue    = fmt.Errorf("%w: too many writes wait for the ledger", homing.ErrOverloaded)
	errSlow     = fmt.Errorf("%w: the ledger's disk did not commit in time", homing.ErrUnavailable)
	errUnhashed = fmt.Errorf("%w: the click was erased, and the ledger is not told the hash of lead codes", homing.ErrUnavailable)
	errErased   = fmt.Errorf("%w: the account has just been erased", homing.ErrUnavailable)
)

// fault tells what kind of trouble SQLite is in. Anything that is not its own
// trouble (a conflict, a row that is not there) is none.
type fault int

const (
	noFault fault = iota
	// passing: full disk, failed write, held lock. The transaction is lost;
	// the next one may succeed.
	passing
	// damaged: the file does not hold together.
	damaged
	// unsynced: an fsync failed. The kernel may have thrown the pages away and
	// would answer the next fsync with success, so from here on neither what
	// was written nor what is read back can be trusted.
	unsynced
)

func faultOf(err error) fault {
	code := sqlite.ErrCode(err)
	switch code {
	case sqlite.ResultIOErrFsync, sqlite.ResultIOErrDirFsync:
		return unsynced
	}
	switch code.ToPrimary() {
	case sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultNoMem, sqlite.ResultBusy, sqlite.ResultLocked,
		sqlite.ResultInterrupt, sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultProtocol:
		return passing
	case sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultFormat:
		return damaged
	}
	return noFault
}

// ownFault tells whether an error of a write says nothing about its neighbours in
// a batch. Damage does not: it is where that write had to look.
func ownFault(err error) bool {
	fault := faultOf(err)
	return fault == noFault || fault == damaged
}

// told says what was being done and gives err a kind of package homing. What
// has a kind keeps it; what has none and is not SQLite's trouble is a fault of
// ours and stays without.
func told(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case faultOf(err) == noFault:
		return fmt.Errorf("couldn't %s: %w", doing, err)
	case faultOf(err) == damaged:
		return fmt.Errorf("couldn't %s: %w: %w", doing, homing.ErrDamaged, err)
	}
	return fmt.Errorf("couldn't %s: %w: %w", doing, homing.ErrUnavailable, err)
}

// gaveUp is the error of a caller whose context ended.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("%w: %w", homing.ErrUnavailable, context.Cause(ctx))
}

// taken names the fields whose values must be unique, by SQLite's name for the
// columns.
var taken = map[string]string{
	"accounts.public_id":               "public id",
	"accounts.ref":                     "ref",
	"keys.hash":                        "key",
	"campaigns.slug":                   "slug",
	"campaigns.account, campaigns.ref": "ref",
	"users.email":                      "e-mail address",
	"tokens.hash":                      "token",
}

// conflictOf turns a violated constraint into the kind it means: a value that
// is taken, or a row referred to that is not there.
func conflictOf(object string, err error) error {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintUnique:
		_, columns, _ := strings.Cut(err.Error(), "UNIQUE constraint failed: ")
		if field := taken[columns]; field != "" {
			return fmt.Errorf("%w: the %s of the %s is taken", homing.ErrConflict, field, object)
		}
		return fmt.Errorf("%w: %s exists already", homing.ErrConflict, object)
	case sqlite.ResultConstraintForeignKey:
		return fmt.Errorf("%w: what the %s belongs to does not exist", homing.ErrNotFound, object)
	}
	return err
}
