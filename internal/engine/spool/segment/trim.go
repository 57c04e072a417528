package segment

import (
	"fmt"

	"homing/internal/engine/spool"
)

// Trim gives up the files all of whose records lie below a position. The last
// file is always kept: it carries the position on. Readers that are in a file
// that goes keep it until they leave it.
func (s *Spool) Trim(below spool.Position) error {
	gone, err := s.unlist(min(below, s.Durable()))
	if err != nil || len(gone) == 0 {
		return err
	}
	// Oldest first: a crash leaves no hole. Nothing depends on their being gone,
	// so a file that cannot be removed is in the way only until the spool is
	// opened and trimmed again.
	return s.removeFiles(gone)
}

// removeFiles removes files that are off the list.
func (s *Spool) removeFiles(gone []*segment) error {
	for _, g := range gone {
		if err := remove(s.opts.FS, s.path(g.name)); err != nil {
			return fmt.Errorf("couldn't remove segment %s: %w", g.name, err)
		}
		_ = remove(s.opts.FS, s.path(g.name)+damagedSuffix) // nearly always there is none
		s.damage.forget(g.name)
	}
	if err := s.syncDir(); err != nil {
		return s.die(fmt.Errorf("couldn't sync the directory: %w", err))
	}
	return nil
}

// unlist takes the segments below a position off the list. While somebody holds
// the files, they wait for the last hold to be released.
func (s *Spool) unlist(below spool.Position) ([]*segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != nil {
		return nil, s.dead
	}
	if s.closing {
		return nil, errClosed
	}
	n := 0
	for n+1 < len(s.segments) && s.segments[n+1].first <= below {
		n++
	}
	gone := s.segments[:n:n]
	s.segments = s.segments[n:]
	if s.holds > 0 {
		s.held = append(s.held, gone...)
		gone = nil
	}
	return gone, nil
}
