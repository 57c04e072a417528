package catalog

import (
	"errors"
	"fmt"

	"homing"
)

// Standing tells how far the settings in force may be believed to be the present
// ones.
type Standing struct {
	// Stale: the ledger could not be asked when that was last tried, so other nodes
	// may have changed the settings.
	Stale   bool
	Since   homing.Millis // since when; 0 if not stale
	Version int64         // that is in force
	// ReadAt is when the settings in force were last known to be the present ones.
	ReadAt homing.Millis
	// FromCache: they were read from this node's file, and the ledger has not been
	// reached since the start.
	FromCache bool
}

// Standing tells how far the settings in force may be believed.
func (c *Catalog) Standing() Standing { return *c.standing.Load() }

// Trouble says in words that the settings may be old; empty if they are not.
func (c *Catalog) Trouble() string {
	s := c.Standing()
	switch {
	case !s.Stale:
		return ""
	case s.FromCache:
		return fmt.Sprintf("the ledger has not answered since this node started at %s UTC: in force are the settings of version %d, "+
			"which it had read by %s UTC; they cannot be changed now", minute(s.Since), s.Version, minute(s.ReadAt))
	}
	return fmt.Sprintf("the ledger has not answered since %s UTC: in force are the settings of version %d, which were the present ones then; "+
		"they cannot be changed now", minute(s.Since), s.Version)
}

func minute(at homing.Millis) string { return at.Time().Format("2006-01-02 15:04") }

// present notes that the version in force is the ledger's. Whoever calls it may be
// behind another one by a moment, which the next look sets right.
func (c *Catalog) present(version int64) {
	c.standing.Store(&Standing{Version: version, ReadAt: c.now()})
}

// away notes that the ledger could not be asked, and returns why.
func (c *Catalog) away(err error) error {
	if !isAway(err) {
		return err
	}
	for {
		before := c.standing.Load()
		if before.Stale || c.View() == nil {
			return err
		}
		stale := *before
		stale.Stale, stale.Since = true, c.now()
		if c.standing.CompareAndSwap(before, &stale) {
			return err
		}
	}
}

func isAway(err error) bool {
	return errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrOverloaded)
}
