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

// asError puts what a child tells under a kind of the house. That its file is
// damaged is kept, see Damage.
func (p *Process) asError(s *session, f *wire.Fault) error {
	switch f.Kind {
	case wire.Invalid:
		return fmt.Errorf("%w: %s", homing.ErrInvalid, f.Text)
	case wire.Conflict:
		return fmt.Errorf("%w: %s", homing.ErrConflict, f.Text)
	case wire.Overloaded:
		return fmt.Errorf("%w: it would take more memory than --warehouse-memory gives (%d MiB): %s", homing.ErrOverloaded, p.o.Memory>>20, f.Text)
	case wire.Damaged:
		p.noteDamage(s, f.Text)
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

// noteDamage keeps that the file was found damaged. A child that is gone may tell
// of the file before the present one; statements also read sealed files, and what
// DuckDB has put beside its own.
func (p *Process) noteDamage(s *session, text string) {
	for _, other := range []string{".parquet", "duckdb_temp"} {
		if strings.Contains(text, other) {
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.file == p.files && p.damage == "" {
		p.damage = text
	}
}

// Damage tells in words what of the file could not be read, be it when it was
// opened or since; "" if nothing. Whoever met it, it is told until Restart has
// put another file in its place.
func (p *Process) Damage() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damage == "" && damaged(p.away) {
		return p.away.Error()
	}
	return p.damage
}
