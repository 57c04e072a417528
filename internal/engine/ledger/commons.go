package ledger

import (
	"context"

	"homing"
)

// Commons hold what the nodes of a cluster share beside settings and books: the
// master keys, the salts of a day's visitors, and who does what only one of them may do.
// A ledger that many nodes share has them; an embedded one has no use for them, and
// whoever needs them asks a Ledger whether it is one, too.
type Commons interface {
	// Hold takes a duty for the holder until a moment, or keeps it for longer.
	// homing.ErrConflict: somebody else holds it, and until lies after now. A holder
	// whose time is over must have stopped: the next one may have begun. Holder 0
	// is nobody: homing.ErrInvalid. An until that is not after now gives the duty up;
	// one that was not held is no error.
	//
	// Clocks of nodes differ. So only the time from now to until is taken from the
	// caller; when it is over is told by one clock for all, the ledger's. It begins
	// when the ledger is asked, so whoever counts from before is on the safe side.
	Hold(ctx context.Context, duty string, holder uint64, now, until homing.Millis) error

	// Common reads a shared value: nil if there is none.
	Common(ctx context.Context, name string) ([]byte, error)
	// PutCommon writes a shared value in the place of old, and homing.ErrConflict if
	// that is not what stands (nil = nothing): of concurrent writers one wins, the
	// others read what it wrote. A nil value removes. Values are sealed by whoever
	// writes them if they are secrets.
	PutCommon(ctx context.Context, name string, old, value []byte) error
	// CommonNames lists the names with a prefix, in order.
	CommonNames(ctx context.Context, prefix string) ([]string, error)
}
