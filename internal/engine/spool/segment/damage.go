package segment

import (
	"log/slog"
	"slices"
	"sync"

	"homing/internal/engine/spool"
)

// maxDamage bounds what is remembered of damage. A disk with more of it is past
// listing.
const maxDamage = 4096

// damageList remembers what is unreadable, each stretch once, however often it
// is read past.
type damageList struct {
	logger *slog.Logger

	mu    sync.Mutex
	found []spool.Damage // of mu, in order of discovery
}

// add notes damage and logs it if it is news.
func (l *damageList) add(d spool.Damage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.found) >= maxDamage || slices.ContainsFunc(l.found, func(known spool.Damage) bool { return same(known, d) }) {
		return
	}
	l.found = append(l.found, d)
	l.logger.Error("spool is damaged", "file", d.File, "offset", d.Offset, "bytes", d.Bytes,
		"first_lost", d.First, "next", d.Next, "cause", d.Cause)
}

// same tells whether two findings are of one damage: the same records lost, or,
// where none are, the same place.
func same(a, b spool.Damage) bool {
	if a.File != b.File || a.First != b.First || a.Next != b.Next {
		return false
	}
	return a.First < a.Next || a.Offset == b.Offset
}

// forget drops the damage of files that have been trimmed.
func (l *damageList) forget(file string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = slices.DeleteFunc(l.found, func(d spool.Damage) bool { return d.File == file })
}

// list returns a copy.
func (l *damageList) list() []spool.Damage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.found)
}
