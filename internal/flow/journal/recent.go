package journal

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
)

// keepRecent is how many entries are held in memory: some 10 MB.
const keepRecent = 20_000

// fillFrom is how far back the memory is filled at a start.
const fillFrom homing.Millis = 24 * 60 * 60 * 1000

// recent holds the newest entries, and those who watch for more.
type recent struct {
	mu       sync.RWMutex
	ring     []Entry           // guarded by mu
	next     int               // guarded by mu: where in ring the next one goes
	older    []Entry           // guarded by mu: from before the start
	lost     homing.Millis     // guarded by mu: the time of the newest that was overwritten
	watchers map[*Watcher]bool // guarded by mu
	// heard are calls that were heard of by way of the warehouse, with their time, and
	// gone what was erased; see FollowOthers. Both are guarded by mu.
	heard map[heard]homing.Millis
	gone  *erased
}

// add takes up what this node logs, unless it was heard of already: the warehouse may
// be faster than who has decided.
func (r *recent) add(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heard != nil {
		if _, known := r.heard[heardOf(&e)]; known {
			return
		}
	}
	r.put(e)
}

// put needs mu.
func (r *recent) put(e Entry) {
	if len(r.ring) < keepRecent {
		r.ring = append(r.ring, e)
	} else {
		r.lost = max(r.lost, r.ring[r.next].At)
		r.ring[r.next] = e
	}
	r.next = (r.next + 1) % keepRecent
	for w := range r.watchers {
		w.offer(e)
	}
}

// Filter narrows what is read of the log. Zero fields do not narrow.
type Filter struct {
	Account homing.AccountID
	Outcome homing.Outcome
	Since   homing.Millis
	Until   homing.Millis
	Click   homing.Origin // a zero Origin does not narrow
	// Also narrows further; nil does not. It is asked while the memory is locked,
	// so it may neither wait nor keep the entry.
	Also func(*Entry) bool
}

// Match tells whether an entry fits.
func (f Filter) Match(e *Entry) bool {
	return (f.Account == 0 || e.Account == f.Account) &&
		(f.Outcome == 0 || e.Verdict.Outcome == f.Outcome) &&
		(f.Since == 0 || e.At >= f.Since) &&
		(f.Until == 0 || e.At < f.Until) &&
		(f.Click == homing.Origin{} || e.Origin == f.Click) &&
		(f.Also == nil || f.Also(e))
}

// Recent returns the newest entries that fit, newest first, from memory: those
// of about the last day, and at most 20,000 of all accounts.
func (j *Journal) Recent(f Filter, limit int) []Entry {
	r := &j.recent
	r.mu.RLock()
	var found []Entry
	for _, list := range [][]Entry{r.older, r.ring} {
		for i := range list {
			if f.Match(&list[i]) {
				found = append(found, list[i])
			}
		}
	}
	r.mu.RUnlock()
	slices.SortStableFunc(found, func(a, b Entry) int { return cmp.Compare(b.At, a.At) })
	found = found[:min(limit, len(found))]
	for i := range found {
		j.mask(&found[i].Postback)
	}
	return found
}

// Fill reads what was logged before the start back into memory. It must be
// called before the doors open to see each entry once; the reading itself may
// go on beside them.
func (j *Journal) Fill(ctx context.Context) func() error {
	until := j.spool.Durable()
	since := max(0, homing.MillisOf(j.clock())-fillFrom)
	var last homing.ConversionID
	for c, err := range j.books.Conversions(ctx, ledger.ConversionQuery{Newest: true, Limit: 1}) {
		if err != nil {
			return func() error { return err }
		}
		last = c.ID
	}
	return func() error { return j.fill(ctx, since, until, last) }
}

func (j *Journal) fill(ctx context.Context, since homing.Millis, until spool.Position, last homing.ConversionID) error {
	var old []Entry
	for e, err := range j.spooled(ctx, spool.Query{Since: since}, until) {
		if err != nil {
			return err
		}
		if old = append(old, e); len(old) >= 2*keepRecent {
			old = append(old[:0], old[keepRecent:]...)
		}
	}
	q := ledger.ReceiptQuery{Newest: true, Limit: keepRecent, Since: since, After: last + 1}
	for p, err := range j.books.Receipts(ctx, q) {
		if err != nil {
			return err
		}
		old = append(old, Entry{Postback: p, Count: 1})
	}
	slices.SortStableFunc(old, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	lost := homing.Millis(0)
	if len(old) >= keepRecent {
		old = old[len(old)-keepRecent:]
		lost = old[0].At - 1
	}
	gone, err := j.everErased(ctx, 0)
	if err != nil {
		return err
	}
	// The spool still has what was erased.
	old = slices.DeleteFunc(slices.Clone(old), func(e Entry) bool { return gone.has(&e) })
	j.recent.mu.Lock()
	j.recent.older, j.recent.lost = old, max(j.recent.lost, lost)
	j.recent.mu.Unlock()
	// What was erased while this was read found nothing here to forget.
	if gone, err = j.everErased(ctx, gone.last); err != nil {
		return err
	}
	j.recent.forget(gone)
	return nil
}

// Watcher is told entries as they are logged.
type Watcher struct {
	// C delivers them. One who is too slow misses some.
	C      <-chan Entry
	c      chan Entry
	filter Filter
	missed atomic.Uint64
	close  func()
}

func (w *Watcher) offer(e Entry) {
	if !w.filter.Match(&e) {
		return
	}
	select {
	case w.c <- e:
	default:
		w.missed.Add(1)
	}
}

// Missed tells how many entries were missed since it was asked last.
func (w *Watcher) Missed() uint64 { return w.missed.Swap(0) }

// Watch begins to tell entries that fit.
func (j *Journal) Watch(f Filter) *Watcher {
	c := make(chan Entry, 1024)
	w := &Watcher{C: c, c: c, filter: f}
	w.close = func() {
		j.recent.mu.Lock()
		defer j.recent.mu.Unlock()
		delete(j.recent.watchers, w)
	}
	j.recent.mu.Lock()
	defer j.recent.mu.Unlock()
	j.recent.watchers[w] = true
	return w
}

// Close ends the watch. C is not closed.
func (w *Watcher) Close() { w.close() }
