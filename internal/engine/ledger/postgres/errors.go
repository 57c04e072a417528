package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"homing"
)

var (
	errClosed       = fmt.Errorf("%w: the ledger is closed", homing.ErrUnavailable)
	errQueue        = fmt.Errorf("%w: too many writes wait for the ledger", homing.ErrOverloaded)
	errSlow         = fmt.Errorf("%w: the ledger did not commit in time", homing.ErrUnavailable)
	errUnhashed     = fmt.Errorf("%w: the click was erased, and the ledger is not told the hash of lead codes", homing.ErrUnavailable)
	errErased       = fmt.Errorf("%w: the account has just been erased", homing.ErrUnavailable)
	errUnreplicated = fmt.Errorf("%w: the server gave up waiting for its synchronous standby", homing.ErrUnavailable)
)

// fault tells what kind of trouble the server is in. Anything that is not its own
// trouble (a conflict, a row that is not there) is none.
type fault int

const (
	noFault fault = iota
	// contested: two transactions were in each other's way; the same one may be
	// carried out again at once, for nothing of it was done.
	contested
	// passing: the connection is lost, the server is away, full, only reads, or
	// is slow. Whether the transaction was committed is not known.
	passing
	// damaged: what is stored does not hold together.
	damaged
	// refused: the data themselves, which no repeat will mend.
	refused
)

// The SQLSTATEs that are looked for one by one.
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	readOnly            = "25006"
	queryCanceled       = "57014"
	notSupported        = "0A000"
	syntaxError         = "42601"
	undefinedFunction   = "42883"
	undefinedTable      = "42P01"
	undefinedSchema     = "3F000"
)

func stateOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func faultOf(err error) fault {
	if err == nil {
		return noFault
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		if isOurs(err) {
			return noFault
		}
		return passing // the net, the time, or the protocol
	}
	switch pg.Code {
	case "40001", "40P01": // serialization failure, deadlock
		return contested
	case "XX001", "XX002": // data or index corrupted
		return damaged
	case readOnly, queryCanceled, "55P03", "25P02", "25P03", "25P04", "26000", "42501", undefinedTable, undefinedSchema:
		// A standby; cancelled; lock or transaction timed out; a statement that
		// another server, behind the same name, has not prepared; somebody at work
		// on the tables.
		return passing
	}
	switch pg.Code[:2] {
	case "22", "23": // data exception, constraint
		return refused
	case "08", "53", "57", "58", "28", "XX", "40", "3D":
		// Connection, resources (disk full among them), operator, system, a
		// password that was changed, internal, roll-back, no such database.
		return passing
	}
	return noFault
}

// isOurs tells whether an error has a kind already, or is about a value.
func isOurs(err error) bool {
	for _, kind := range []error{homing.ErrNotFound, homing.ErrInvalid, homing.ErrConflict, homing.ErrDamaged, homing.ErrNewer,
		homing.ErrOverloaded, homing.ErrUnavailable} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// told says what was being done and gives err a kind of package homing. What
// has a kind keeps it; what has none and is not the server's trouble is a fault
// of ours and stays without. No text of a statement's values is in it: the
// server tells those apart, as detail, which is not taken over.
func told(doing string, err error) error {
	if err == nil {
		return nil
	}
	if isOurs(err) {
		return fmt.Errorf("couldn't %s: %w", doing, err)
	}
	switch faultOf(err) {
	case damaged:
		return fmt.Errorf("couldn't %s: %w: %w", doing, homing.ErrDamaged, err)
	case passing, contested:
		return fmt.Errorf("couldn't %s: %w: %w", doing, homing.ErrUnavailable, err)
	}
	return fmt.Errorf("couldn't %s: %w", doing, err)
}

// gaveUp is the error of a caller whose context ended.
func gaveUp(ctx context.Context) error {
	return fmt.Errorf("%w: %w", homing.ErrUnavailable, context.Cause(ctx))
}

// taken names the fields whose values must be unique, by their constraints.
var taken = map[string]string{
	"account_public_id": "public id",
	"account_ref":       "ref",
	"key_hash":          "key",
	"campaign_slug":     "slug",
	"campaign_ref":      "ref",
	"user_email":        "e-mail address",
	"token_hash":        "token",
}

// conflictOf turns a violated constraint into the kind it means: a value that
// is taken, or a row referred to that is not there.
func conflictOf(object string, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case uniqueViolation:
		if field := taken[pg.ConstraintName]; field != "" {
			return fmt.Errorf("%w: the %s of the %s is taken", homing.ErrConflict, field, object)
		}
		return fmt.Errorf("%w: %s exists already", homing.ErrConflict, object)
	case foreignKeyViolation:
		return fmt.Errorf("%w: what the %s belongs to does not exist", homing.ErrNotFound, object)
	}
	return err
}

// withoutSecrets is an error of connecting, as text, with whatever the connection
// string keeps secret taken out: drivers quote it.
func withoutSecrets(err error, secrets ...string) error {
	text := err.Error()
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	return errors.New(text)
}
