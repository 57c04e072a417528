package homing

import "errors"

// The kinds of error the house knows. An error is wrapped around one of them
// with %w wherever a door must be able to answer it; one table per listener
// turns kinds into status codes. Anything else is a fault of ours.
var (
	// ErrNotFound: there is no such account, campaign, key, click, ….
	ErrNotFound = errors.New("not found")
	// ErrInvalid: the request cannot be carried out as it stands, now or later.
	ErrInvalid = errors.New("invalid")
	// ErrUnauthorized: whoever asks may not.
	ErrUnauthorized = errors.New("not permitted")
	// ErrConflict: it was changed in the meantime, or exists already.
	ErrConflict = errors.New("conflict")
	// ErrOverloaded: no room to take it on now. Nothing was kept.
	ErrOverloaded = errors.New("overloaded")
	// ErrUnavailable: it could not be made durable: full disk, hanging disk,
	// ledger away. It may or may not be found stored later; it was not
	// acknowledged.
	ErrUnavailable = errors.New("temporarily unavailable")
	// ErrNewer: the data was written by a newer version of homing; it is left
	// untouched.
	ErrNewer = errors.New("written by a newer version of homing")
	// ErrDamaged: stored bytes do not match their checksum.
	ErrDamaged = errors.New("damaged")
)
