package segment

import (
	"errors"
	"fmt"
	"sort"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
	"homing/internal/engine/spool"
)

// cursor goes from block to block through the whole spool. It is for one
// goroutine.
type cursor struct {
	s    *Spool
	next spool.Position // the first record that is wanted
	// skip, if given, tells that nothing in a sealed segment is wanted.
	skip func(*seal) bool

	walk  *walker
	file  vfs.File
	of    *segment // what file and walk are of
	limit int64    // of the last block call
	plain []byte   // buffer for bodies
}

// block finds the next block that has wanted records. It returns false at the
// end of the view. It stays there until pass is called.
func (c *cursor) block(v view) (h blockHeader, ok bool, err error) {
	for c.next < v.durable {
		i := v.holding(c.next)
		if i < 0 {
			return h, false, trimmed(c.next)
		}
		bound := v.durable
		if i+1 < len(v.segments) {
			bound = min(bound, v.segments[i+1].first)
		}
		h, ok, err = c.blockOf(v, i, bound)
		if ok || err != nil {
			return h, ok, err
		}
		c.next = bound
	}
	return h, false, nil
}

// blockOf finds the next block within a segment.
func (c *cursor) blockOf(v view, i int, bound spool.Position) (h blockHeader, ok bool, err error) {
	g := v.segments[i]
	if _, seal, ok := g.known(); ok && seal != nil && c.skip != nil && c.skip(seal) {
		return h, false, nil
	}
	if err := c.enter(g); err != nil {
		return h, false, err
	}
	seal, err := c.reach(v, i)
	if err != nil {
		return h, false, err
	}
	inside := bound
	if seal != nil {
		if c.skip != nil && c.skip(seal) {
			return h, false, nil
		}
		inside = min(inside, seal.next)
	}
	for {
		h, ok = c.walk.block(inside, c.limit)
		if !ok {
			break
		}
		if h.next() > c.next {
			return h, true, nil
		}
		c.walk.pass(&h)
	}
	if inside < bound {
		c.s.damage.add(spool.Damage{File: g.name, Offset: c.limit, First: inside, Next: bound,
			Cause: "the file that should follow is missing"})
	}
	return h, false, nil
}

// enter opens a segment, if it is not the one that is open.
func (c *cursor) enter(g *segment) error {
	if c.of == g {
		return nil
	}
	c.close()
	file, err := c.s.opts.FS.Open(c.s.path(g.name), vfs.SequentialReadsOption)
	if err != nil && g.first < c.s.Oldest() {
		return trimmed(c.next) // since the view was taken
	}
	if err != nil {
		return fmt.Errorf("couldn't open segment %s: %w", g.name, err)
	}
	generation, _, err := g.learn(file, c.s.damage.add)
	if err != nil {
		_ = file.Close()
		return err
	}
	c.file, c.of = file, g
	c.walk = newWalker(file, g, generation, c.s.damage.add)
	return nil
}

// reach sets how far into the segment blocks may be looked for, and returns its
// seal, if it has one.
func (c *cursor) reach(v view, i int) (*seal, error) {
	_, seal, _ := c.of.known()
	switch {
	case seal != nil && seal.next <= v.durable:
		c.limit = seal.end
		return seal, nil
	case i == len(v.segments)-1:
		c.limit = v.end
		return nil, nil
	}
	info, err := c.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("couldn't tell the size of segment %s: %w", c.of.name, err)
	}
	c.limit = info.Size()
	return nil, nil
}

// records reads the block the cursor stands at. ok is false if it is damaged.
// The records are good until the next call.
func (c *cursor) records(dst []spool.Record, h *blockHeader) (records []spool.Record, ok bool) {
	stored, ok := c.walk.body(h, c.limit)
	if !ok {
		return dst, false
	}
	plain, err := h.expand(c.plain, stored, c.s.decoder)
	if err == nil {
		if h.flags&flagZstd != 0 {
			c.plain = plain
		}
		records, err = decodeBody(dst, plain, h.first, int(h.count))
	}
	if err != nil {
		c.walk.badBlock(h, err.Error())
		return dst, false
	}
	return records, true
}

// pass goes behind a block.
func (c *cursor) pass(h *blockHeader) {
	c.walk.pass(h)
	c.next = max(c.next, h.next())
}

// goOnBehindTrim goes to what is still kept, if err says that the cursor stands
// at what is not.
func (c *cursor) goOnBehindTrim(err error) bool {
	if !errors.Is(err, homing.ErrNotFound) {
		return false
	}
	before := c.next
	c.next = max(c.next, c.s.Oldest())
	return c.next > before
}

func trimmed(p spool.Position) error {
	return fmt.Errorf("position %s has been trimmed: %w", p, homing.ErrNotFound)
}

func (c *cursor) close() {
	if c.file != nil {
		_ = c.file.Close() // it was only read
		c.file, c.of, c.walk = nil, nil, nil
	}
}

// holding returns the number of the segment that a position lies in, -1 if it
// lies before all of them.
func (v *view) holding(p spool.Position) int {
	return sort.Search(len(v.segments), func(i int) bool { return v.segments[i].first > p }) - 1
}
