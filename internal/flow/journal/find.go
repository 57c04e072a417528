package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// around is how far the time in a request's id may lie from the arrival that was
// logged.
const around homing.Millis = 10_000

// Old is where entries are found that have been loaded.
type Old interface {
	Postbacks(ctx context.Context, l *warehouse.List) iter.Seq2[warehouse.Postback, error]
}

// Find finds an entry by its request, whose id carries the time: among the
// newest, then in the warehouse (nil = there is none), then in the two stores
// around that time, where it is until it has been loaded. homing.ErrNotFound if
// nobody has it.
func (j *Journal) Find(ctx context.Context, old Old, id homing.RequestID) (Entry, error) {
	if e, ok := j.Remembered(id); ok {
		return e, nil
	}
	if e, ok, err := j.loaded(ctx, old, id); ok || err != nil {
		return e, err
	}
	return j.Stored(ctx, id)
}

// loaded finds an entry in the warehouse. One that is away has none.
func (j *Journal) loaded(ctx context.Context, old Old, id homing.RequestID) (e Entry, ok bool, err error) {
	if old == nil || id.Time() < homing.Epoch || id.Time() > homing.MaxOriginTime {
		return e, false, nil // no row has such a time
	}
	list := &warehouse.List{From: id.Time() - around, Until: id.Time() + around + 1, Request: id, Limit: 1}
	for p, err := range old.Postbacks(ctx, list) {
		switch {
		case errors.Is(err, homing.ErrUnavailable), errors.Is(err, homing.ErrOverloaded):
			return e, false, nil
		case err != nil:
			return e, false, fmt.Errorf("couldn't look for a postback in the warehouse: %w", err)
		}
		j.mask(&p.Postback)
		return Entry{Postback: p.Postback, Count: uint64(p.Count)}, true, nil
	}
	return e, false, nil
}

// Remembered finds an entry by its request among the newest, in memory.
func (j *Journal) Remembered(id homing.RequestID) (Entry, bool) {
	at := id.Time()
	found := j.Recent(Filter{
		Since: max(1, at-around), Until: at + around + 1,
		Also: func(e *Entry) bool { return e.Request == id },
	}, 1)
	if len(found) == 0 || id == (homing.RequestID{}) {
		return Entry{}, false
	}
	return found[0], true
}

// Stored finds an entry by its request in the two stores, near the moment that
// the id carries. homing.ErrNotFound if they do not have it: the spool gives up
// what the warehouse has; or if it is of something that was erased, of which the
// spool still has the records for a while.
func (j *Journal) Stored(ctx context.Context, id homing.RequestID) (Entry, error) {
	e, err := j.inStores(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	gone, err := j.everErased(ctx, 0)
	if err != nil {
		return Entry{}, err
	}
	if gone.has(&e) {
		return Entry{}, fmt.Errorf("request %s: %w", id, homing.ErrNotFound)
	}
	return e, nil
}

func (j *Journal) inStores(ctx context.Context, id homing.RequestID) (Entry, error) {
	since, until := max(1, id.Time()-around), id.Time()+around+1
	for e, err := range j.spooled(ctx, spool.Query{Since: since, Until: until, Kinds: spool.SetOf(spool.KindPostback)}, ^spool.Position(0)) {
		if err != nil {
			return Entry{}, fmt.Errorf("couldn't look through the spool: %w", err)
		}
		if e.Request == id {
			j.mask(&e.Postback)
			return e, nil
		}
	}
	from, err := j.firstSince(ctx, since)
	if err != nil {
		return Entry{}, fmt.Errorf("couldn't look through the receipts: %w", err)
	}
	for e, err := range j.receipts(ctx, ledger.ReceiptQuery{After: from - 1}) {
		if err != nil {
			return Entry{}, fmt.Errorf("couldn't look through the receipts: %w", err)
		}
		if e.Request == id {
			j.mask(&e.Postback)
			return e, nil
		}
		if e.Request.Time() > until+around {
			break
		}
	}
	return Entry{}, fmt.Errorf("request %s: %w", id, homing.ErrNotFound)
}

// firstSince is the number of the first conversion whose request came at a moment
// or later. Requests come nearly in the order of the numbers, so it is found by
// halving; the ledger has no index of times.
func (j *Journal) firstSince(ctx context.Context, since homing.Millis) (homing.ConversionID, error) {
	low, high := homing.ConversionID(1), homing.ConversionID(1) // of the answer
	for c, err := range j.books.Conversions(ctx, ledger.ConversionQuery{Newest: true, Limit: 1}) {
		if err != nil {
			return 0, err
		}
		high = c.ID + 1
	}
	for low < high {
		middle := low + (high-low)/2
		next := high // of the numbers from middle on
		came := since
		for c, err := range j.books.Conversions(ctx, ledger.ConversionQuery{After: middle - 1, Limit: 1}) {
			if err != nil {
				return 0, err
			}
			next, came = c.ID, c.Request.Time()
		}
		if next >= high || came >= since-around {
			high = middle
		} else {
			low = next + 1
		}
	}
	return low, nil
}
