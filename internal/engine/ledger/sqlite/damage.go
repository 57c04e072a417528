package sqlite

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"
)

// maxDamage bounds what is remembered of damage. A disk with more of it is past
// listing.
const maxDamage = 200

// damageList remembers what is damaged, in words, each thing once, however
// often it is met.
type damageList struct {
	logger *slog.Logger

	mu    sync.Mutex
	found []string // in order of discovery
	holes []hole
}

// hole is a stretch of numbers of conversions, ends included.
type hole struct{ first, last int64 }

// add notes damage and logs it if it is news.
func (d *damageList) add(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.found) >= maxDamage || slices.Contains(d.found, text) {
		return
	}
	d.found = append(d.found, text)
	d.logger.Error("the ledger is damaged", "damage", text)
}

// hole notes that conversions cannot be read, unless they are known as part of a
// larger hole: every list that comes by finds it anew, and often its end only.
func (d *damageList) hole(first, last int64) {
	d.mu.Lock()
	known := slices.ContainsFunc(d.holes, func(h hole) bool { return h.first <= first && last <= h.last })
	if !known && len(d.holes) < maxDamage {
		d.holes = append(d.holes, hole{first, last})
	}
	d.mu.Unlock()
	if !known {
		d.add("conversions %d to %d, or their receipts, cannot be read", first, last)
	}
}

// words tells of rot in the file at path.
func (r rot) words(path string) string {
	place := fmt.Sprintf("page %d of %s", r.page, filepath.Base(path))
	if r.mended {
		return "a bit of " + place + " had flipped on its way from or to the disk, and was turned back; nothing is lost, " +
			"but the disk or the memory is not sound"
	}
	return place + " is not as it was written, and cannot be read"
}

// meet notes an error that tells of damage; others pass.
func (d *damageList) meet(doing string, err error) {
	if unreadable(err) {
		d.add("%s the ledger met damage: %v", doing, err)
	}
}

// Damage implements ledger.Ledger.
func (l *Ledger) Damage() []string {
	l.damage.mu.Lock()
	defer l.damage.mu.Unlock()
	return slices.Clone(l.damage.found)
}

// unreadable tells whether an error is of bytes that do not hold together, or
// that the disk does not give back. What lies beside them may be well.
func unreadable(err error) bool {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultIOErrRead, sqlite.ResultIOErrShortRead:
		return true
	}
	return faultOf(err) == damaged
}

// noRoom tells whether an error may mean a full disk. Quotas answer with a
// failed write.
func noRoom(err error) bool {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultIOErrSHMSize, sqlite.ResultIOErrWrite:
		return true
	}
	return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultFull
}
