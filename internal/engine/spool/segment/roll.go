package segment

import (
	"fmt"

	"homing/internal/engine/spool"
)

// makeRoom sees to it that the active segment takes a stored body of that size.
// If there is no next segment to be had, the present one stays active: a smaller
// block may still fit.
func (s *Spool) makeRoom(stored int) error {
	if s.active != nil && s.active.fits(stored) {
		return nil
	}
	p := <-s.ready
	if p.err != nil {
		if !s.full {
			s.full = true
			s.opts.Logger.Error("spool has no room", "error", p.err)
		}
		return p.err
	}
	if s.full {
		s.full = false
		s.opts.Logger.Warn("spool has room again", "dir", s.opts.Dir)
	}
	if s.active != nil {
		if err := s.sealActive(); err != nil {
			s.discard(p)
			return err
		}
	}
	return s.begin(p)
}

// begin makes a prepared file the active segment. From the rename on the file
// may be found after a crash, whatever the rename returned; so nothing is
// acknowledged in an older file any more (the caller has sealed or abandoned
// it), and a second attempt replaces this one, because it has the same name.
func (s *Spool) begin(p prepared) error {
	first := s.Durable()
	h, err := s.newHeader(first, p.size)
	if err != nil {
		s.discard(p)
		return fmt.Errorf("couldn't draw a generation: %w", err)
	}
	name := fileName(first)
	w, err := newWriter(p.file, name, h)
	if err != nil {
		s.discard(p)
		return fmt.Errorf("couldn't write the header of segment %s: %w", name, err)
	}
	if err := p.file.SyncData(); err != nil {
		s.discard(p)
		return s.die(fmt.Errorf("couldn't sync the header of segment %s: %w", name, err))
	}
	if err := s.opts.FS.Rename(s.path(p.name), s.path(name)); err != nil {
		s.discard(p)
		return fmt.Errorf("couldn't name segment %s: %w", name, err)
	}
	if err := s.syncDir(); err != nil {
		_ = p.file.Close()
		return s.die(fmt.Errorf("couldn't sync the directory: %w", err))
	}
	// From here on records may be acknowledged in it.
	s.active = w
	s.addSegment(&segment{first: first, name: name, generation: h.generation, loaded: true}, w)
	return nil
}

// addSegment lists a new last segment, in place of one that holds nothing.
func (s *Spool) addSegment(g *segment, w *writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.segments
	if n := len(list); n > 0 && list[n-1].first == g.first {
		list = list[:n-1]
	}
	s.segments = append(list[:len(list):len(list)], g)
	s.end, s.endSeal = w.off, w.seal
}

// sealActive seals and closes the active segment. That the seal cannot be
// written does not matter to the records in it: its successor tells where it
// ends.
func (s *Spool) sealActive() error {
	w := s.active
	s.active = nil
	if err := w.writeSeal(); err != nil {
		s.opts.Logger.Warn("segment stays without a seal", "segment", w.name, "error", err)
		return w.file.Close()
	}
	if err := w.file.Sync(); err != nil {
		_ = w.file.Close()
		return s.die(fmt.Errorf("couldn't sync the seal of segment %s: %w", w.name, err))
	}
	w.giveRoomBack()
	s.lastSegment().sealedAs(w.seal)
	return w.file.Close()
}

// abandon closes the active segment as it stands. Its records are durable; how
// much of the failed block has arrived is unknown, and does not matter, because
// the successor tells where the segment ends.
func (s *Spool) abandon() {
	_ = s.active.file.Close() // nothing in it waits to be written
	s.active = nil
}

func (s *Spool) lastSegment() *segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.segments[len(s.segments)-1]
}

// view is the spool at one moment, for readers.
type view struct {
	segments []*segment
	durable  spool.Position
	end      int64 // behind the last durable block of the last segment
}

func (s *Spool) view() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return view{segments: s.segments, durable: s.Durable(), end: s.end}
}
