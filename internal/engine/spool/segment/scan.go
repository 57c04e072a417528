package segment

import (
	"context"
	"iter"

	"homing"
	"homing/internal/engine/spool"
)

// Scan returns the durable records there are now that fit the query.
func (s *Spool) Scan(ctx context.Context, q spool.Query) iter.Seq2[spool.Record, error] {
	if q.Kinds == 0 {
		q.Kinds = spool.AllKinds
	}
	return func(yield func(spool.Record, error) bool) {
		if err := s.scan(ctx, q, yield); err != nil {
			yield(spool.Record{}, err)
		}
	}
}

// scan returns an error only if yield may still be called.
func (s *Spool) scan(ctx context.Context, q spool.Query, yield func(spool.Record, error) bool) error {
	v := s.view()
	c := cursor{s: s, next: q.From, skip: func(seal *seal) bool {
		return seal.blocks > 0 && !fits(q, seal.kinds, seal.minAt, seal.maxAt)
	}}
	defer c.close()
	var records []spool.Record
	for {
		if err := s.mayGoOn(ctx); err != nil {
			return err
		}
		h, ok, err := c.block(v)
		if c.goOnBehindTrim(err) {
			continue
		}
		if err != nil || !ok {
			return err
		}
		if fits(q, h.kinds, h.minAt, h.maxAt) {
			if records, ok = c.records(records[:0], &h); ok && !yieldFitting(q, records, yield) {
				return nil
			}
		}
		c.pass(&h)
	}
}

// yieldFitting passes on the records that fit, until nobody wants more.
func yieldFitting(q spool.Query, records []spool.Record, yield func(spool.Record, error) bool) bool {
	for _, r := range records {
		if r.Position >= q.From && fits(q, spool.SetOf(r.Kind), r.At, r.At) && !yield(r, nil) {
			return false
		}
	}
	return true
}

// fits tells whether records of these kinds, from one time to another, may fit
// the query.
func fits(q spool.Query, kinds spool.KindSet, minAt, maxAt homing.Millis) bool {
	return q.Kinds&kinds != 0 && (q.Since == 0 || maxAt >= q.Since) && (q.Until == 0 || minAt < q.Until)
}

// mayGoOn tells a long reading why it must end: ctx is done, or the spool has
// ended.
func (s *Spool) mayGoOn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.ended:
		return s.whyEnded()
	default:
		return nil
	}
}
