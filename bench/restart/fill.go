package restart

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/bench/stage"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
)

const (
	// fewClicks are stored when the memory is looked at first.
	fewClicks = 1_000_000
	// differentClicks come again and again, under new origins. They are more than
	// a block holds, so that no block knows them from before.
	differentClicks = 60_000
	// writers fill the spool together: while one waits for the disk, the other
	// goes on.
	writers = 2
	// behind is how many records a writer adds before it waits.
	behind = 8192
	// days are those that the clicks are spread over, up to now.
	days = 30
)

// fill stores the clicks: a few, then the rest, and looks at the memory after
// each.
func (r *restart) fill(ctx context.Context) error {
	clicks := stage.Clicks(1, differentClicks)
	began, deadline := r.Clock(), r.Clock().Add(r.Patience)
	from := homing.MillisOf(began) - homing.MillisIn(days*24*time.Hour)
	few := min(fewClicks, r.Clicks/2)
	for _, part := range []struct {
		until int64
		into  *Weight
	}{{few, &r.result.Few}, {r.Clicks, &r.result.All}} {
		f := filling{restart: r, clicks: clicks, from: from, deadline: deadline, before: r.result.Clicks}
		f.next.Store(r.result.Clicks)
		if err := f.run(ctx, part.until); err != nil {
			return err
		}
		r.result.Clicks += f.stored.Load()
		r.Told("looking at the memory", 0, 0)
		resident, err := r.weigh(ctx)
		if err != nil {
			return err
		}
		*part.into = Weight{Clicks: r.result.Clicks, Resident: resident}
	}
	r.result.Filling = r.Clock().Sub(began)
	var err error
	r.result.Bytes, r.result.Files, err = SpoolSize(filepath.Join(r.Dir, "spool"))
	return err
}

// filling is a part of the clicks being stored.
type filling struct {
	*restart
	clicks   []homing.Click
	from     homing.Millis
	deadline time.Time
	before   int64        // clicks that were there
	next     atomic.Int64 // number of the next click
	stored   atomic.Int64
}

func (f *filling) run(ctx context.Context, until int64) error {
	s, err := segment.Open(segment.Options{Dir: filepath.Join(f.Dir, "spool"), Clock: f.Clock, MaxQueue: 64 << 20})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make([]error, writers)
	for w := range writers {
		tell := func(int64) {}
		if w == 0 {
			tell = func(stored int64) { f.Told("storing clicks", stored, f.Options.Clicks) }
		}
		all.Go(func() { failed[w] = f.write(ctx, s, until, tell) })
	}
	all.Wait()
	return errors.Join(append(failed, s.Close())...)
}

// write stores runs of clicks until there are enough, or the time is over.
func (f *filling) write(ctx context.Context, s *segment.Spool, until int64, tell func(stored int64)) error {
	span := homing.MillisIn(days * 24 * time.Hour)
	var record []byte
	for ctx.Err() == nil && f.Clock().Before(f.deadline) {
		first := f.next.Add(behind) - behind
		last := min(first+behind, until)
		if first >= until {
			return nil
		}
		for n := first; n < last; n++ {
			c := f.clicks[n%int64(len(f.clicks))]
			at := f.from + homing.Millis(float64(span)*float64(n)/float64(f.Options.Clicks))
			c.Origin = homing.Origin{Time: at, Node: 5, Seq: uint16(n & homing.MaxSeq), Campaign: 1}
			record = homing.AppendClick(record[:0], &c)
			var err error
			if n < last-1 {
				err = s.Behind(spool.KindClick, at, record)
			} else {
				_, err = s.Append(spool.KindClick, at, record)
			}
			if err != nil {
				return err
			}
		}
		tell(f.before + f.stored.Add(last-first))
	}
	return ctx.Err()
}

// SpoolSize is what the files of a spool take.
func SpoolSize(dir string) (bytes int64, files int, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	for _, name := range names {
		info, failed := os.Stat(name)
		if failed != nil {
			return 0, 0, failed
		}
		bytes += info.Size()
	}
	return bytes, len(names), err
}
