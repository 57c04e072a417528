package segment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/zstd"

	"homing"
	"homing/internal/engine/spool"
)

// Inspection is what a look at the files of a spool found.
type Inspection struct {
	Segments    int
	Bytes       int64
	First, Next spool.Position
	// Newest is the greatest At of any record, 0 if there is none.
	Newest homing.Millis
	// Clean: the spool was closed in order. Else the next Open writes the last
	// segment anew from what verifies.
	Clean bool
	// Torn tells how much of Damage the next Open would leave behind in doing so.
	Torn   int
	Damage []spool.Damage
	// Kept are damaged files that earlier recoveries put aside.
	Kept []string
}

// Inspect reads the files of a spool that nobody has open, and changes nothing:
// for a directory that cannot be opened, or should not be before somebody has
// looked. tail leaves all but the last segment unread. Data of a newer version is
// homing.ErrNewer.
func Inspect(ctx context.Context, o Options, tail bool, progress func(done, total int64)) (Inspection, error) {
	o.setDefaults()
	in := &inspector{opts: o, decoder: newDecoder()}
	defer in.decoder.Close()
	in.damage.logger = o.Logger
	if err := in.list(); err != nil {
		return Inspection{}, fmt.Errorf("couldn't look into spool %s: %w", o.Dir, err)
	}
	var done int64
	for i := range in.segments {
		err := ctx.Err()
		if err == nil && (!tail || i == len(in.segments)-1) {
			err = in.inspect(i)
		}
		if err != nil {
			return in.found, fmt.Errorf("couldn't look into segment %s: %w", in.segments[i].name, err)
		}
		done += in.sizes[i]
		if progress != nil {
			progress(done, in.found.Bytes)
		}
	}
	in.found.Damage = in.damage.list()
	return in.found, nil
}

type inspector struct {
	opts     Options
	decoder  *zstd.Decoder
	segments []*segment
	sizes    []int64
	damage   damageList
	plain    []byte
	records  []spool.Record
	found    Inspection
}

func (in *inspector) list() error {
	fs := in.opts.FS
	names, err := fs.List(in.opts.Dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasSuffix(name, segmentSuffix+damagedSuffix) {
			in.found.Kept = append(in.found.Kept, name)
		}
		first, ok := parseFileName(name)
		if !ok {
			continue
		}
		info, err := fs.Stat(fs.PathJoin(in.opts.Dir, name))
		if err != nil {
			return err
		}
		in.segments = append(in.segments, &segment{first: first, name: name})
		in.sizes = append(in.sizes, info.Size())
		in.found.Bytes += info.Size()
	}
	if in.found.Segments = len(in.segments); in.found.Segments == 0 {
		in.found.Clean = true
		return nil
	}
	in.found.First = in.segments[0].first
	return nil
}

// inspect reads one segment through.
func (in *inspector) inspect(i int) error {
	g, last := in.segments[i], i == len(in.segments)-1
	file, err := in.opts.FS.Open(in.opts.FS.PathJoin(in.opts.Dir, g.name), vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer file.Close()
	p, err := readPages(file, g)
	if err != nil {
		return err
	}
	p.report(in.damage.add)
	w := newWalker(file, g, p.generation, in.damage.add)
	switch {
	case p.seal != nil:
		bound, reach := p.seal.next, p.seal.end
		if !last {
			bound = min(bound, in.segments[i+1].first)
		}
		in.walk(w, bound, reach)
		if !last && bound < in.segments[i+1].first {
			in.damage.add(spool.Damage{File: g.name, Offset: reach, First: bound, Next: in.segments[i+1].first,
				Cause: "the file that should follow is missing"})
		}
		in.found.Clean, in.found.Next = last, bound
	case !last:
		in.walk(w, in.segments[i+1].first, in.sizes[i])
	default:
		before := len(in.damage.list())
		in.survivors(w, in.sizes[i])
		if missing := max(p.room, blocksAt) - in.sizes[i]; missing > 0 {
			in.damage.add(spool.Damage{File: g.name, Offset: in.sizes[i], Bytes: missing, First: w.next, Next: w.next,
				Cause: "cut short; how many records were there is unknown"})
		}
		in.found.Next = w.next
		in.found.Torn = len(in.damage.list()) - before
	}
	return nil
}

// walk reads the blocks below bound.
func (in *inspector) walk(w *walker, bound spool.Position, limit int64) {
	for {
		h, ok := w.block(bound, limit)
		if !ok {
			return
		}
		if stored, ok := w.body(&h, limit); ok {
			in.open(w, &h, stored)
		}
		w.pass(&h)
	}
}

// survivors reads the blocks that a recovery would keep.
func (in *inspector) survivors(w *walker, size int64) {
	for {
		h, stored, ok := w.surviving(size)
		if !ok {
			return
		}
		in.open(w, &h, stored)
		w.pass(&h)
	}
}

// open unpacks a block whose checksum is right.
func (in *inspector) open(w *walker, h *blockHeader, stored []byte) {
	plain, err := h.expand(in.plain, stored, in.decoder)
	if err == nil {
		if h.flags&flagZstd != 0 {
			in.plain = plain
		}
		in.records, err = decodeBody(in.records[:0], plain, h.first, int(h.count))
	}
	if err != nil {
		w.badBlock(h, err.Error())
		return
	}
	in.found.Newest = max(in.found.Newest, h.maxAt)
}
