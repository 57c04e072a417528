package process

import (
	"errors"
	"fmt"
	"strings"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process/wire"
)

var (
	errClosed   = fmt.Errorf("%w: the warehouse is closed", homing.ErrUnavailable)
	errStarting = fmt.Errorf("%w: the warehouse process is starting", homing.ErrUnavailable)
	errSeats    = fmt.Errorf("%w: too many reports are being made", homing.ErrOverloaded)
)

func damaged(err error) bool { return errors.Is(err, homing.ErrDamaged) }

// asError puts what the child tells under a kind of the house.
func (p *Process) asError(f *wire.Fault) error {
	switch f.Kind {
	case wire.Invalid:
		return fmt.Errorf("%w: %s", homing.ErrInvalid, f.Text)
	case wire.Conflict:
		return fmt.Errorf("%w: %s", homing.ErrConflict, f.Text)
	case wire.Overloaded:
		return fmt.Errorf("%w: it would take more memory than --warehouse-memory gives (%d MiB): %s", homing.ErrOverloaded, p.o.Memory>>20, f.Text)
	case wire.Damaged:
		return fmt.Errorf("%w: %s", homing.ErrDamaged, inWords(f))
	case wire.Unavailable, wire.Cancelled:
		return fmt.Errorf("%w: %s", homing.ErrUnavailable, inWords(f))
	}
	// A fault of DuckDB: the child ends over it, and the next one may do better.
	return fmt.Errorf("%w: %s", homing.ErrUnavailable, f.Text)
}

// inWords says of a fault what an operator can do something about.
func inWords(f *wire.Fault) string {
	switch {
	case strings.Contains(f.Text, "No space left on device"), strings.Contains(f.Text, "quota exceeded"):
		return "the disk is full: " + f.Text
	case strings.Contains(f.Text, "lock on file"):
		return "another process has the database file open: " + f.Text
	case f.Kind == wire.Damaged:
		return "the database file is damaged: " + f.Text
	}
	return f.Text
}
