package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ballast keeps room on the disk for the one write that gives room back:
// folding the log into the file. Without it a disk that the log has filled stays
// full for ever, because a checkpoint must make the file longer before it may
// cut the log.
//
//	full ──► ballast away ──► fold, cut the log ──► ballast back
//
// It can always come back: the file grows by no more than the log gives up. So
// the ballast never becomes room for rows, and must only be larger than the log.
// It is an empty weight; nobody reads it, and it goes when the ledger is closed.
//
// All of it is guarded by folding.mu.
type ballast struct {
	path string
	size int64 // 0 = there is none
}

const (
	ballastSize = 24 << 20
	// leastBallast is what is still worth having on a small disk.
	leastBallast = 1 << 20
)

// provide makes a ballast if there is none and the disk has twice the room.
func (b *ballast) provide() {
	if b.size > 0 {
		return
	}
	if info, err := os.Stat(b.path); err == nil && info.Size() >= leastBallast {
		b.size = info.Size() // of a run that ended uncleanly
		return
	}
	if size := min(ballastSize, b.free()/2); size >= leastBallast {
		b.put(size)
	}
}

// drop gives the room free, and tells whether there was any.
func (b *ballast) drop() bool {
	b.size = 0
	info, err := os.Stat(b.path)
	return err == nil && os.Remove(b.path) == nil && info.Size() > 0
}

// lend is drop, run, and the ballast back in its size if there is room.
func (b *ballast) lend(run func()) {
	size := b.size
	if !b.drop() {
		return
	}
	run()
	if size >= leastBallast && b.free() >= size {
		b.put(size)
	}
}

// put writes the file. Whoever has no ballast lives as before, so errors are
// no more than none.
func (b *ballast) put(size int64) {
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	err = reserve(f, size)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		err = fillZeros(f, size)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(b.path)
		return
	}
	b.size = size
}

func fillZeros(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for left := size; left > 0; left -= int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
			return err
		}
	}
	return nil
}

// free is what the disk has for us; 0 if it does not say.
func (b *ballast) free() int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(b.path), &s); err != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize) // Bsize's type differs between systems
}

// clear removes the file at the end.
func (b *ballast) clear() error {
	b.size = 0
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
