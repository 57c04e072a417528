package segment

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// prepared is a file full of zeros that is on the disk, under a name that ends
// in ".tmp". Or the reason why there is none.
type prepared struct {
	file vfs.File
	name string
	size int64
	err  error
}

const (
	// syncEvery is how many zeros are written before they are synced: a large
	// heap of dirty pages would hold up the committer's fdatasync.
	syncEvery = 4 << 20
	// prepareAgain is how long after a failure, such as a full disk, the next
	// attempt is made.
	prepareAgain = 250 * time.Millisecond
)

// prepareLoop keeps one file ahead of the committer, and hands it over. While
// that fails it hands over the latest failure, and tries again now and then:
// so a full disk costs the appenders no time and recovers by itself.
func (s *Spool) prepareLoop() {
	defer close(s.prepareDone)
	for {
		next := s.prepare(s.opts.SegmentSize)
		if next.err != nil && !isFull(next.err) {
			next = s.prepare(s.opts.SegmentSize) // not every failure lasts
		}
		if !s.offer(next) {
			s.discard(next)
			return
		}
	}
}

// offer hands over a file, or its failure to everybody who asks until it is time
// to try again. It returns false when the spool is being closed.
func (s *Spool) offer(next prepared) bool {
	var again <-chan time.Time
	if next.err != nil {
		again = time.After(prepareAgain)
	}
	for {
		select {
		case s.ready <- next:
			if next.err == nil {
				return true
			}
		case <-again:
			return true
		case <-s.stop:
			return false
		}
	}
}

// prepare makes a file of zeros, whole on the disk when it returns.
func (s *Spool) prepare(size int64) prepared {
	size = max(size, blocksAt+blockAlign)
	name := fmt.Sprintf("prepared-%d%s", s.prepareNumber.Add(1), tmpSuffix)
	p := prepared{name: name, size: size}
	p.file, p.err = s.opts.FS.OpenReadWrite(s.path(name), vfs.WriteCategoryUnspecified)
	if p.err == nil {
		p.err = writeZeros(p.file, size)
	}
	if p.err != nil {
		s.discard(p)
		return prepared{err: fmt.Errorf("couldn't prepare a segment: %w", p.err)}
	}
	return p
}

// writeZeros fills a file with zeros and syncs it. That a sync fails here is no
// reason to end the spool: nothing was ever acknowledged in this file.
func writeZeros(file vfs.File, size int64) error {
	// Asking for the room first finds a full disk out before it is filled to
	// the brim. Not every file system can do it.
	if err := file.Preallocate(0, size); isFull(err) {
		return err
	}
	for off := int64(0); off < size; {
		n := min(size-off, int64(len(zeros)))
		if _, err := file.WriteAt(zeros[:n], off); err != nil {
			return err
		}
		off += n
		if off%syncEvery == 0 {
			if err := file.SyncData(); err != nil {
				return err
			}
		}
	}
	return file.Sync()
}

// isFull tells whether an error means that the disk, or the quota, is used up.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// discard gives up a prepared file. What cannot be removed now is removed when
// the spool is opened.
func (s *Spool) discard(p prepared) {
	if p.file != nil {
		_ = p.file.Close()
		_ = s.opts.FS.Remove(s.path(p.name))
	}
}
