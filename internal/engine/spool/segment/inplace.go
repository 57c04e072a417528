package segment

import (
	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// recoverInPlace recovers a segment where it is, on a disk that has no room for a copy. A
// server that was killed on a full disk would not start otherwise, and be started
// again and again, until somebody makes room: reading, reports and postbacks of
// what is there need none.
//
// Each good block is written once more where it stands. Thereby what only the page
// cache shows goes to the disk, which a sync alone does not see to after one that
// failed. Every sector stays as it is or becomes what it shows, so a crash on the
// way is harmless; and the file has its room already. File systems that never write
// over anything may want room all the same; then it fails like the copy.
//
// Rejected: to keep room for a copy, a file as large as a segment that is given
// back before. It would cost every installation 64 MiB, and be no use when others
// fill the disk before the copy does.
//
// Unlike a copy this leaves damage and torn blocks where they are. Readers pass over
// the first and tell of it; the second lie behind the seal's end.
func (s *Spool) recoverInPlace(g *segment, from *walker, size int64) (spool.Position, error) {
	file, err := s.opts.FS.OpenReadWrite(s.path(g.name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // synced where it counts
	to := &writer{file: file, name: g.name, off: blocksAt,
		seal: seal{generation: from.generation, first: g.first, next: g.first, end: blocksAt}}
	if err := rewrite(from, to, size); err != nil {
		return 0, err
	}
	if to.seal.next = from.next; to.seal.next == g.first {
		return g.first, nil
	}
	// A seal must not be on the disk before what it tells of.
	for _, step := range []func() error{file.Sync, to.writeSeal, file.Sync} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	if from.losses == 0 { // else somebody may be able to read more
		to.giveRoomBack()
	}
	s.opts.Logger.Warn("spool recovered after an unclean end, in place, because the disk is full", "segment", g.name,
		"records", to.seal.next-g.first, "blocks", to.seal.blocks)
	return s.endsWith(g, to), nil
}

// rewrite writes every good block once more. At the end from.next is the position
// behind the last record that may have been acknowledged.
func rewrite(from *walker, to *writer, size int64) error {
	var packed []byte
	for {
		h, stored, ok := from.surviving(size)
		if !ok {
			return nil
		}
		packed = append(append(packed[:0], zeros[:headerSize]...), stored...)
		h.put(packed) // one that had a bad bit is mended
		if _, err := to.file.WriteAt(packed, from.off); err != nil {
			return err
		}
		to.off = from.off + h.size()
		to.note(&h)
		from.pass(&h)
	}
}
