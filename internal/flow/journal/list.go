package journal

import (
	"context"
	"iter"
	"math"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
)

// List reads the whole log, oldest first, from the two stores: complete, and as
// slow as the stores are large.
func (j *Journal) List(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	query := spool.Query{Since: f.Since, Until: f.Until}
	receipts := ledger.ReceiptQuery{Account: f.Account, Since: f.Since, Until: f.Until}
	return func(yield func(Entry, error) bool) {
		for e, err := range merge(j.spooled(ctx, query, math.MaxUint64), j.receipts(ctx, receipts)) {
			if err == nil && !f.Match(&e) {
				continue
			}
			j.mask(&e.Postback)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// OfClick reads every postback that named a click, oldest first. It reads the
// spool from since on, which is slow if much has come in; the receipts are found by
// the click.
func (j *Journal) OfClick(ctx context.Context, click homing.Origin, since homing.Millis) iter.Seq2[Entry, error] {
	query := spool.Query{Since: max(since, click.Time), Kinds: spool.SetOf(spool.KindPostback)}
	receipts := ledger.ReceiptQuery{Click: click}
	return func(yield func(Entry, error) bool) {
		for e, err := range merge(j.spooled(ctx, query, math.MaxUint64), j.receipts(ctx, receipts)) {
			if err == nil && e.Origin != click {
				continue
			}
			j.mask(&e.Postback)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// spooled reads the spool's part of the log, below a position.
func (j *Journal) spooled(ctx context.Context, q spool.Query, below spool.Position) iter.Seq2[Entry, error] {
	if q.Kinds == 0 {
		q.Kinds = spool.SetOf(spool.KindPostback, spool.KindTally)
	}
	return func(yield func(Entry, error) bool) {
		for record, err := range j.spool.Scan(ctx, q) {
			if err == nil && record.Position >= below {
				return
			}
			var e Entry
			if err == nil {
				e, err = decode(record)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func decode(record spool.Record) (Entry, error) {
	if record.Kind == spool.KindTally {
		t, err := homing.DecodeTally(record.Data)
		return entryOf(t), err
	}
	p, err := homing.DecodePostback(record.Data)
	return Entry{Postback: p, Count: 1}, err
}

func (j *Journal) receipts(ctx context.Context, q ledger.ReceiptQuery) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for p, err := range j.books.Receipts(ctx, q) {
			if !yield(Entry{Postback: p, Count: 1}, err) || err != nil {
				return
			}
		}
	}
}

// merge joins two lists in the order of time; at the same time b's entry, the
// receipt, comes before a's, which may repeat it. It ends with the first error.
func merge(a, b iter.Seq2[Entry, error]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		ea, errA, okA := nextA()
		eb, errB, okB := nextB()
		for okA || okB {
			if okA && (!okB || errA != nil || ea.At < eb.At) {
				if !yield(ea, errA) || errA != nil {
					return
				}
				ea, errA, okA = nextA()
				continue
			}
			if !yield(eb, errB) || errB != nil {
				return
			}
			eb, errB, okB = nextB()
		}
	}
}
