package segment

import (
	"context"
	"fmt"

	"homing"
	"homing/internal/engine/spool"
)

// follower reads behind the durable mark, and sleeps when it has reached it.
type follower struct {
	s       *Spool
	cur     cursor
	records []spool.Record // used again for every batch
	wake    chan struct{}  // holds a token when something has become durable
}

var _ spool.Follower = (*follower)(nil)

// Follow reads durable records in order from a position on. A position beyond
// Durable is homing.ErrInvalid: it is a mark of another spool.
func (s *Spool) Follow(from spool.Position) (spool.Follower, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.dead != nil:
		return nil, s.dead
	case s.closing:
		return nil, errClosed
	case from < s.oldest():
		return nil, trimmed(from)
	case from > s.Durable():
		return nil, fmt.Errorf("position %s is not of this spool, which ends at %s: %w", from, s.Durable(), homing.ErrInvalid)
	}
	f := &follower{s: s, cur: cursor{s: s, next: from}, wake: make(chan struct{}, 1)}
	s.readers[f] = struct{}{}
	return f, nil
}

// Next returns the records of one block, or the rest of it.
func (f *follower) Next(ctx context.Context) (spool.Batch, error) {
	for {
		select {
		case <-f.s.ended:
			return spool.Batch{}, f.s.whyEnded()
		default:
		}
		b, err := f.read(f.s.view())
		if err != nil || len(b.Records) > 0 {
			return b, err
		}
		select {
		case <-f.wake:
		case <-f.s.ended:
		case <-ctx.Done():
			return spool.Batch{}, ctx.Err()
		}
	}
}

// read returns what there is, or an empty batch.
func (f *follower) read(v view) (spool.Batch, error) {
	for {
		from := f.cur.next
		h, ok, err := f.cur.block(v)
		if !ok {
			return spool.Batch{}, err
		}
		records, good := f.cur.records(f.records[:0], &h)
		f.cur.pass(&h)
		if !good {
			continue
		}
		f.records = records
		if h.first < from { // begun in the middle of a block
			records = records[from-h.first:]
		}
		return spool.Batch{Records: records, Next: f.cur.next}, nil
	}
}

// nudge wakes the follower. It never waits.
func (f *follower) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Close releases what the follower holds.
func (f *follower) Close() error {
	f.s.mu.Lock()
	delete(f.s.readers, f)
	f.s.mu.Unlock()
	f.cur.close()
	return nil
}
