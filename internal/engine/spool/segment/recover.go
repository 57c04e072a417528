package segment

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// load lists the segments and returns the position behind the last record.
func (s *Spool) load() (next spool.Position, err error) {
	fs := s.opts.FS
	if err := s.makeDir(); err != nil {
		return 0, err
	}
	names, err := fs.List(s.opts.Dir)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, tmpSuffix) {
			if err := remove(fs, s.path(name)); err != nil {
				return 0, fmt.Errorf("couldn't remove %s: %w", name, err)
			}
		}
		if first, ok := parseFileName(name); ok {
			s.segments = append(s.segments, &segment{first: first, name: name})
		}
	}
	if len(s.segments) == 0 {
		return 0, nil
	}
	slices.SortFunc(s.segments, func(a, b *segment) int { return strings.Compare(a.name, b.name) })
	return s.findEnd(s.segments[len(s.segments)-1])
}

// makeDir makes the directory, durably, and opens it for syncing.
func (s *Spool) makeDir() error {
	fs := s.opts.FS
	if err := fs.MkdirAll(s.opts.Dir, 0o750); err != nil {
		return err
	}
	parent, err := fs.OpenDir(fs.PathDir(s.opts.Dir))
	if err != nil {
		return err
	}
	if err := errors.Join(parent.Sync(), parent.Close()); err != nil {
		return err
	}
	s.dir, err = fs.OpenDir(s.opts.Dir)
	return err
}

// findEnd tells where the last segment ends: its seal says so, or it has to be
// recovered.
func (s *Spool) findEnd(g *segment) (spool.Position, error) {
	file, err := s.opts.FS.Open(s.path(g.name), vfs.SequentialReadsOption)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	p, err := readPages(file, g)
	if err != nil {
		return 0, err
	}
	p.report(s.damage.add)
	if p.seal != nil {
		g.loaded, g.generation, g.seal = true, p.generation, p.seal
		s.end, s.endSeal = p.seal.end, *p.seal
		return p.seal.next, nil
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	walk := func() *walker { return newWalker(file, g, p.generation, s.damage.add) }
	next, err := s.recover(g, walk(), info.Size())
	if isFull(err) {
		next, err = s.recoverInPlace(g, walk(), info.Size())
	}
	if err != nil {
		return 0, fmt.Errorf("couldn't recover segment %s: %w", g.name, err)
	}
	if missing := max(p.room, blocksAt) - info.Size(); missing > 0 {
		s.damage.add(spool.Damage{File: g.name, Offset: info.Size(), Bytes: missing, First: next, Next: next,
			Cause: "cut short; how many records were there is unknown"})
	}
	return next, nil
}

// recover copies what is good of a segment to a new file and puts that in its
// place. A segment that holds nothing is left alone: the next one has the same
// first position and replaces it. What is wrapped in an error of a full disk came
// before the old file was touched.
func (s *Spool) recover(g *segment, from *walker, size int64) (next spool.Position, err error) {
	const tmp = "recovered" + tmpSuffix
	h, err := s.newHeader(g.first, blocksAt)
	if err != nil {
		return 0, err
	}
	file, err := s.opts.FS.OpenReadWrite(s.path(tmp), vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = file.Close() // synced where it counts
		if err != nil {
			_ = remove(s.opts.FS, s.path(tmp)) // or the next opening does it
		}
	}()
	to, err := newWriter(file, tmp, h)
	if err != nil {
		return 0, err
	}
	if err := salvage(from, to, size); err != nil {
		return 0, err
	}
	if to.seal.next = from.next; to.seal.next == g.first {
		return g.first, remove(s.opts.FS, s.path(tmp))
	}
	if err := errors.Join(to.writeSeal(), file.Sync()); err != nil {
		return 0, err
	}
	if from.losses > 0 {
		s.keepDamaged(g.name)
	}
	// From here on a crash is harmless: the old file stands, or the new one.
	if err := s.opts.FS.Rename(s.path(tmp), s.path(g.name)); err != nil {
		return 0, fmt.Errorf("couldn't put the copy in its place: %v", err)
	}
	if err := s.syncDir(); err != nil {
		return 0, fmt.Errorf("couldn't sync the directory: %v", err)
	}
	s.opts.Logger.Info("spool recovered after an unclean end", "segment", g.name,
		"records", to.seal.next-g.first, "blocks", to.seal.blocks)
	return s.endsWith(g, to), nil
}

// endsWith takes over a last segment that has been sealed.
func (s *Spool) endsWith(g *segment, w *writer) spool.Position {
	g.loaded, g.generation, g.seal = true, w.seal.generation, &w.seal
	s.end, s.endSeal = w.seal.end, w.seal
	return w.seal.next
}

// keepDamaged gives a second name to a file that is about to be replaced by what
// could be read of it: somebody may be able to read more. It is a courtesy;
// that it fails does not matter.
func (s *Spool) keepDamaged(name string) {
	kept := s.path(name + damagedSuffix)
	_ = remove(s.opts.FS, kept)
	if err := s.opts.FS.Link(s.path(name), kept); err != nil {
		s.opts.Logger.Warn("couldn't keep the damaged file", "segment", name, "error", err)
	}
}

// salvage copies block by block. At the end from.next is the position behind
// the last record that may have been acknowledged.
func salvage(from *walker, to *writer, size int64) error {
	var packed []byte
	for {
		h, stored, ok := from.surviving(size)
		if !ok {
			return nil
		}
		packed = append(packed[:0], zeros[:headerSize]...)
		packed = pad(append(packed, stored...))
		if err := to.write(h, packed); err != nil {
			return err
		}
		from.pass(&h)
	}
}

// surviving finds the next good block of a segment of which nobody knows where
// it ends. Bad ones with good ones behind them are damage; about a bad last one,
// the tail decides.
func (w *walker) surviving(size int64) (h blockHeader, stored []byte, ok bool) {
	for {
		h, ok := w.headerAt(size)
		if !ok {
			at, behind, found := w.seek(w.off+blockAlign, size)
			if !found {
				w.endAtBadHeader(size)
				return h, nil, false
			}
			w.lost(at-w.off, behind.first, "block header checksum")
			w.off = at
			continue
		}
		if h.first > w.next {
			w.lost(0, h.first, "lost before the segment was recovered")
		}
		stored, cause := w.checkBody(&h, size)
		if cause == "" {
			return h, stored, true
		}
		torn := w.torn(&h, stored) // before seek, which reads on and so takes what stored points to
		if _, _, found := w.seek(w.off+h.size(), size); !found && torn {
			return h, nil, false
		} else if !found {
			cause += "; the last block, it may not have been acknowledged"
		}
		w.badBlock(&h, cause)
		w.pass(&h)
	}
}

// torn tells whether a last block that has a good header and a bad body is a
// write that a crash cut in two.
func (w *walker) torn(h *blockHeader, stored []byte) bool {
	if h.flags&flagHollow != 0 {
		return false
	}
	return len(stored) < int(h.stored) || hollow(w.off, stored)
}

// fewBits is how many bits may be set in what was zeros, and how many a written
// header has more of: its magic alone has 15.
const fewBits = 8

// endAtBadHeader judges what lies behind the last good block and is no header.
func (w *walker) endAtBadHeader(size int64) {
	raw := w.win.bytes(w.off, headerSize, size)
	switch set := countBits(raw); {
	case set == 0:
		// Prepared room; or the header's sector never arrived, and the block is
		// torn.
	case set < fewBits:
		w.lost(headerSize, w.next, "bad bits in empty room; nothing lost")
	default:
		// How many records the block had is unknown. Their positions must not be
		// given out again, so as many are given up as a block can have.
		w.lost(size-w.off, w.next+maxRecords, "block header checksum; the last block, it may not have been acknowledged")
	}
}

func countBits(b []byte) (n int) {
	for _, c := range b {
		n += bits.OnesCount8(c)
	}
	return n
}

// remove removes a file; that it is gone already is as good.
func remove(fs vfs.FS, path string) error {
	if err := fs.Remove(path); err != nil && !oserror.IsNotExist(err) {
		return err
	}
	return nil
}
