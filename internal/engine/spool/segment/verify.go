package segment

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing/internal/engine/spool"
)

// Verify reads everything there is now and checks every checksum.
func (s *Spool) Verify(ctx context.Context, progress func(done, total int64)) error {
	v := s.view()
	sizes, total, err := s.sizes(v)
	if err != nil {
		return fmt.Errorf("couldn't verify the spool: %w", err)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	var done int64
	for i, g := range v.segments {
		within := func(read int64) { progress(min(done+read, done+sizes[i]), total) }
		if err := s.verifySegment(ctx, v, i, within); err != nil && g.first >= s.Oldest() {
			return fmt.Errorf("couldn't verify segment %s: %w", g.name, err)
		}
		done += sizes[i]
		progress(done, total)
	}
	return nil
}

// sizes tells how large the files are. Of the last one only what is durable
// counts.
func (s *Spool) sizes(v view) (sizes []int64, total int64, err error) {
	for i, g := range v.segments {
		size := v.end
		if i < len(v.segments)-1 {
			info, err := s.opts.FS.Stat(s.path(g.name))
			switch {
			case err == nil:
				size = info.Size()
			case g.first < s.Oldest(): // trimmed meanwhile
				size = 0
			default:
				return nil, 0, err
			}
		}
		sizes, total = append(sizes, size), total+size
	}
	return sizes, total, nil
}

// tellEvery is how many bytes are read between two words on the progress; who
// is told may take his time, so that a live spool is read slowly.
const tellEvery = 1 << 20

// verifySegment reads one segment, both copies of its pages included.
func (s *Spool) verifySegment(ctx context.Context, v view, i int, progress func(read int64)) error {
	g := v.segments[i]
	if err := s.verifyPages(g); err != nil {
		return err
	}
	v.segments = v.segments[:min(i+2, len(v.segments))]
	if i+1 < len(v.segments) {
		v.durable = v.segments[i+1].first
	}
	c := cursor{s: s, next: g.first}
	defer c.close()
	var records []spool.Record
	for told := int64(0); ; {
		if err := s.mayGoOn(ctx); err != nil {
			return err
		}
		h, ok, err := c.block(v)
		if err != nil || !ok {
			return err
		}
		records, _ = c.records(records[:0], &h)
		c.pass(&h)
		if c.walk.off-told >= tellEvery {
			told = c.walk.off
			progress(told)
		}
	}
}

// verifyPages reads the pages anew. Those of a segment that is being sealed may
// be caught half written; it is read at once again before that counts.
func (s *Spool) verifyPages(g *segment) error {
	file, err := s.opts.FS.Open(s.path(g.name), vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer file.Close()
	p, err := readPages(file, g)
	if err == nil && len(p.damage) > 0 {
		p, err = readPages(file, g)
	}
	p.report(s.damage.add)
	return err
}
