package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// hold keeps files in place, for a copy.
//
// Segments are never changed once they have a successor, so they are copied as
// they are, in their own time. The last one grows while it is copied: of it the
// durable blocks are taken, behind a seal that says that this is all. So nothing
// in a copy is torn, nothing has to be recovered when it is opened, and nothing
// that was not durable is in it.
type hold struct {
	s        *Spool
	segments []*segment // when it began
	released bool       // guarded by s.mu
}

var _ spool.Hold = (*hold)(nil)

// Hold keeps every file there is now until it is released.
func (s *Spool) Hold() (spool.Hold, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.dead != nil:
		return nil, s.dead
	case s.closing:
		return nil, errClosed
	}
	s.holds++
	return &hold{s: s, segments: s.segments}, nil
}

// Release lets go; the last one removes what was trimmed meanwhile. That a file
// cannot be removed is in nobody's way until the spool is opened and trimmed
// again.
func (h *hold) Release() {
	s := h.s
	s.mu.Lock()
	if h.released {
		s.mu.Unlock()
		return
	}
	h.released = true
	var gone []*segment
	if s.holds--; s.holds == 0 {
		gone, s.held = s.held, nil
	}
	over := s.dead != nil || s.closing
	s.mu.Unlock()
	if len(gone) == 0 || over {
		return
	}
	if err := s.removeFiles(gone); err != nil {
		s.opts.Logger.Warn("trimmed segments stay until the spool is opened again", "error", err)
	}
}

// First is the position of the first record that is held.
func (h *hold) First() spool.Position {
	if len(h.segments) == 0 {
		return h.s.Durable()
	}
	return h.segments[0].first
}

// picture is the spool as it is now, and what was trimmed since the hold began.
func (h *hold) picture() (segments []*segment, last seal, durable spool.Position) {
	s := h.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range h.segments {
		if len(s.segments) == 0 || g.first < s.segments[0].first {
			segments = append(segments, g)
		}
	}
	return append(segments, s.segments...), s.endSeal, s.Durable()
}

// Bytes is how much a copy made now has.
func (h *hold) Bytes() (total int64, err error) {
	segments, last, _ := h.picture()
	for i, g := range segments {
		if i == len(segments)-1 {
			total += max(last.end, blocksAt)
			continue
		}
		info, err := h.s.opts.FS.Stat(h.s.path(g.name))
		if err != nil {
			return 0, fmt.Errorf("couldn't tell the size of segment %s: %w", g.name, err)
		}
		total += info.Size()
	}
	return total, nil
}

// Copy puts every segment, the last one sealed where it ends now.
func (h *hold) Copy(ctx context.Context, put spool.Put) (spool.Position, error) {
	segments, last, durable := h.picture()
	for i, g := range segments {
		if err := h.s.mayGoOn(ctx); err != nil {
			return 0, err
		}
		var err error
		if i < len(segments)-1 {
			err = h.copyWhole(ctx, g, put)
		} else {
			err = h.copyLast(ctx, g, last, durable, put)
		}
		if err != nil {
			return 0, fmt.Errorf("couldn't copy segment %s: %w", g.name, err)
		}
	}
	return durable, nil
}

func (h *hold) copyWhole(ctx context.Context, g *segment, put spool.Put) error {
	file, err := h.s.opts.FS.Open(h.s.path(g.name), vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		err = put(g.name, info.Size(), whileGoing(ctx, io.NewSectionReader(file, 0, info.Size())))
	}
	return errors.Join(err, file.Close())
}

// copyLast copies the last segment up to a seal.
func (h *hold) copyLast(ctx context.Context, g *segment, last seal, durable spool.Position, put spool.Put) error {
	if last.first != g.first || last.generation == 0 || last.next != durable {
		return h.putEmpty(g, durable, put)
	}
	file, err := h.s.opts.FS.Open(h.s.path(g.name), vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	parts := io.MultiReader(io.NewSectionReader(file, 0, sealAt), bytes.NewReader(last.encode()),
		io.NewSectionReader(file, blocksAt, last.end-blocksAt))
	return errors.Join(put(g.name, last.end, whileGoing(ctx, parts)), file.Close())
}

// putEmpty puts a segment that holds nothing and carries the position on: of the
// one that is there nobody wrote to, because the disk was full when the spool was
// opened.
func (h *hold) putEmpty(g *segment, durable spool.Position, put spool.Put) error {
	head, err := h.s.newHeader(g.first, blocksAt)
	if err != nil {
		return err
	}
	end := seal{generation: head.generation, first: g.first, next: durable, end: blocksAt}
	text := append(head.encode(), end.encode()...)
	return put(g.name, int64(len(text)), bytes.NewReader(text))
}

// whileGoing reads until ctx is done.
func whileGoing(ctx context.Context, from io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return from.Read(p)
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
