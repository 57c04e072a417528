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
	// takeAtOnce is how much room is asked for in one call.
	takeAtOnce = 64 << 20
	// leaveRoom is what preparing leaves free of a disk, in bytes; of a small
	// disk one part in leaveShare.
	leaveRoom  = 64 << 20
	leaveShare = 20
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
		s.notePrepared(next.err)
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

// prepare makes a file of zeros, whole on the disk when it returns. What it
// cannot finish, because of the disk or because the spool is being closed, it
// removes.
func (s *Spool) prepare(size int64) prepared {
	size = max(size, blocksAt+blockAlign)
	name := fmt.Sprintf("prepared-%d%s", s.prepareNumber.Add(1), tmpSuffix)
	p := prepared{name: name, size: size}
	if p.err = s.mayTake(size); p.err == nil {
		p.file, p.err = s.opts.FS.OpenReadWrite(s.path(name), vfs.WriteCategoryUnspecified)
	}
	if p.err == nil {
		p.err = s.takeRoom(p.file, size)
	}
	if p.err == nil {
		p.err = s.writeZeros(p.file, size)
	}
	if p.err != nil {
		s.discard(p)
		return prepared{err: fmt.Errorf("couldn't prepare a segment: %w", p.err)}
	}
	return p
}

// mayTake says no before anything is taken if too little of the disk would be
// left: the last room is for what else lives there, such as the ledger, and for
// the person who comes to clean up.
func (s *Spool) mayTake(size int64) error {
	disk, err := s.opts.FS.GetDiskUsage(s.opts.Dir)
	if err != nil || disk.TotalBytes == 0 {
		return nil // not every file system tells; then the writes find it out
	}
	left := min(leaveRoom, disk.TotalBytes/leaveShare)
	if disk.AvailBytes < left || disk.AvailBytes-left < uint64(size) {
		return fmt.Errorf("%d bytes are wanted, %d are free and %d are left alone: %w", size, disk.AvailBytes, left, syscall.ENOSPC)
	}
	return nil
}

// takeRoom asks for the room before it is written, so that a full disk is found
// out before it is filled to the brim. It asks in pieces: a call for very much
// takes long and cannot be called off.
func (s *Spool) takeRoom(file vfs.File, size int64) error {
	for off := int64(0); off < size; {
		if s.stopped() {
			return errClosed
		}
		n := min(size-off, takeAtOnce)
		switch err := file.Preallocate(off, n); {
		case errors.Is(err, syscall.EINTR):
			continue // a signal came; nothing is wrong
		case errors.Is(err, errors.ErrUnsupported): // ENOSYS, EOPNOTSUPP
			return nil // writing is another way to find out
		case err != nil:
			return err
		}
		off += n
	}
	return nil
}

// writeZeros fills a file with zeros and syncs it. That a sync fails here is no
// reason to end the spool: nothing was ever acknowledged in this file.
func (s *Spool) writeZeros(file vfs.File, size int64) error {
	for off := int64(0); off < size; {
		if s.stopped() {
			return errClosed
		}
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

// stopped tells that the spool is being closed.
func (s *Spool) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
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
