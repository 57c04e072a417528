package loader

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
)

// reader reads the spool and makes batches. While a round loads the spool it
// belongs to the goroutine that reads ahead, else to who has the turn.
type reader struct {
	l        *Loader
	enricher enricher
	follower spool.Follower // nil = to be opened at next
	rest     []spool.Record // read, and in no batch yet

	next    spool.Position // the first record that is in no batch
	loaded  spool.Position // the warehouse's mark. Of who has the turn
	through homing.Millis  // time of the newest record in a batch
	sealed  map[warehouse.Day]through
	lost    *span         // nil: nothing that is not told. Changed by who has the turn, between loads
	last    *loadedRecord // the newest in a batch; nil if that is not known. It never changes
	erased  int64         // see spoolState. Changed by who has the turn, between loads

	// atMost is how many records a batch may have; less than MaxRows while one
	// that the warehouse refuses is looked for.
	atMost   int
	poison   uint64 // position of the one that is passed over, if poisoned
	poisoned bool

	free   chan *parcel
	rounds int // whole ones
	most   int // records in a batch, in the last of them
}

// parcel is a batch on its way, with what the loader wants to know of it.
type parcel struct {
	batch   warehouse.Batch
	records int           // read, whatever became of them
	bytes   int           // of their records
	oldest  homing.Millis // time of the first
	newest  homing.Millis // time of the last
	unread  int           // that could not be read
	lastBad error
	badAt   spool.Position // of the last that could not be read
}

// maxBytes bounds the records of one batch.
const maxBytes = 96 << 20

// yieldEvery is how many records are enriched at a stretch, a quarter of a
// millisecond: giving way costs 10 µs. Then the doors' goroutines go first.
const yieldEvery = 128

func newReader(l *Loader) *reader {
	r := &reader{l: l, atMost: l.options.MaxRows, free: make(chan *parcel, 2)}
	r.enricher = enricher{masker: l.options.Masker, geo: l.options.Geo, unknown: map[homing.CampaignID]bool{}}
	if l.options.Shared {
		r.enricher.source = l.options.Source
	}
	for range cap(r.free) {
		r.free <- &parcel{}
	}
	return r
}

// pending tells whether records were read that are in no batch yet.
func (r *reader) pending() bool { return len(r.rest) > 0 }

func (r *reader) close() {
	if r.follower != nil {
		_ = r.follower.Close() // it was only read
		r.follower = nil
	}
}

// recycle takes a parcel back; its rows may be written over then.
func (r *reader) recycle(p *parcel) { r.free <- p }

// slim gives large buffers back when they have not been needed for a while. It
// is called after each whole round.
func (r *reader) slim() {
	const every, least = 60, 8 << 10
	if r.rounds++; r.rounds%every != 0 {
		return
	}
	for range cap(r.free) {
		p := <-r.free
		if c := cap(p.batch.Clicks); c > least && c > 4*r.most {
			p = &parcel{}
		}
		r.free <- p
	}
	r.most = 0
}

// fillTo makes batches of everything below end, and of what lies in the same
// blocks behind it.
func (r *reader) fillTo(ctx context.Context, end spool.Position, out chan<- *parcel) error {
	for r.next < end || r.pending() {
		var p *parcel
		select {
		case p = <-r.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.fill(ctx, p, end); err != nil {
			r.recycle(p)
			return err
		}
		if p.batch.Next == p.batch.First {
			r.recycle(p)
			return nil // the spool has no more to give now
		}
		select {
		case out <- p:
			r.atMost = min(2*r.atMost, r.l.options.MaxRows) // after a refused row was found
		case <-ctx.Done():
			r.recycle(p)
			return ctx.Err()
		}
	}
	return nil
}

// fill makes one batch.
func (r *reader) fill(ctx context.Context, p *parcel, end spool.Position) error {
	r.enricher.view = r.l.options.View()
	r.enricher.lookAgain = func(id homing.CampaignID) *catalog.View { return r.lookAgain(ctx, id) }
	r.enricher.shared = r.sharedSalt(ctx)
	r.enricher.failed = nil
	b := &p.batch
	*p = parcel{batch: warehouse.Batch{Source: r.l.options.Source, First: uint64(r.next),
		Clicks: b.Clicks[:0], Postbacks: b.Postbacks[:0]}}
	if n := min(r.atMost, int(end-min(r.next, end))+len(r.rest)); cap(b.Clicks) < n {
		b.Clicks = make([]warehouse.Click, 0, n+n/4) // at once: growing would copy it again and again
	}
	keepBefore, keepBeforePostbacks := r.l.horizons(r.l.now())
	var last loadedRecord
	for !r.full(p) {
		if !r.pending() {
			if r.next >= end {
				break
			}
			if ok, err := r.read(ctx, end); err != nil || !ok {
				if err != nil {
					return err
				}
				break
			}
			continue
		}
		rec := &r.rest[0]
		horizon := keepBeforePostbacks
		if rec.Kind == spool.KindClick {
			horizon = keepBefore
		}
		before, through := *p, r.through
		r.take(p, rec, horizon)
		if r.enricher.failed != nil { // the record stays where it is; those before it are loaded
			if *p, r.through = before, through; p.records == 0 {
				return r.enricher.failed
			}
			break
		}
		last = sumOf(rec)
		r.next, r.rest = rec.Position+1, r.rest[1:]
		if p.records%yieldEvery == 0 {
			runtime.Gosched()
		}
	}
	r.most = max(r.most, p.records)
	if p.records > 0 {
		r.last = &last
	}
	b.Next = uint64(r.next)
	r.dropSalts()
	b.State = r.state()
	return nil
}

// full tells whether a batch is to have no more. It counts clicks: a warehouse
// that gets whole groups of them stores them at once, and others twice. A
// quarter as many postbacks may come along.
func (r *reader) full(p *parcel) bool {
	return p.bytes >= maxBytes || len(p.batch.Clicks) >= r.atMost || p.records >= r.atMost+r.atMost/4
}

// stuckAfter is how long the reader waits for records that should be there.
const stuckAfter = 3 * time.Second

// read reads the next run of records. It returns false if there is none, which
// below end only happens when what is left is damaged, and not known to be.
func (r *reader) read(ctx context.Context, end spool.Position) (ok bool, err error) {
	if r.follower == nil {
		if ok, err := r.open(end); err != nil || !ok {
			return ok, err
		}
	}
	short, cancel := context.WithTimeout(ctx, stuckAfter)
	defer cancel()
	run, err := r.follower.Next(short)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return r.passDamage(end), nil
	case err != nil:
		return false, fmt.Errorf("couldn't read the spool from %s on: %w: %w", r.next, errSpool, err)
	}
	r.rest = run.Records
	for len(r.rest) > 0 && r.rest[0].Position < r.next {
		r.rest = r.rest[1:]
	}
	if len(r.rest) > 0 {
		r.missing(r.rest[0].Position)
	}
	return true, nil
}

// errSpool and errLedger tell whose error it is: the warehouse must not be made
// anew for damage of theirs.
var (
	errSpool  = errors.New("the spool")
	errLedger = errors.New("the ledger")
)

// open follows the spool from next on, or from what is still kept.
func (r *reader) open(end spool.Position) (ok bool, err error) {
	if oldest := r.l.spool.Oldest(); r.next < oldest {
		if r.notSealed(oldest) {
			r.l.tell(noticeMissing, fmt.Sprintf("records %s to %s of the spool were trimmed before they were loaded; they are not in reports", r.next, oldest-1))
		}
		r.next = oldest
	}
	if r.next >= end {
		return false, nil
	}
	r.follower, err = r.l.spool.Follow(r.next)
	if err != nil {
		return false, fmt.Errorf("couldn't follow the spool from %s on: %w: %w", r.next, errSpool, err)
	}
	return true, nil
}

// missing notes records that were passed over because they are damaged.
func (r *reader) missing(first spool.Position) {
	if first > r.next {
		r.l.tell(noticeMissing, fmt.Sprintf("records %s to %s of the spool cannot be read and are not in reports", r.next, first-1))
	}
	r.next = max(r.next, first)
}

// passDamage goes behind damage that reaches to the end of the spool. It tells
// whether there was any.
func (r *reader) passDamage(end spool.Position) bool {
	for _, d := range r.l.spool.Damage() {
		if d.First <= r.next && r.next < d.Next {
			r.missing(min(d.Next, end))
			return true
		}
	}
	return false
}

// take makes a row of a record. One that cannot be read is counted.
func (r *reader) take(p *parcel, rec *spool.Record, horizon warehouse.Day) {
	if p.records == 0 {
		p.oldest = rec.At
	}
	p.records++
	p.bytes += len(rec.Data)
	p.newest = max(p.newest, rec.At)
	r.through = max(r.through, rec.At)
	if day := warehouse.DayAt(rec.At); day < horizon || r.inSeal(day, rec.Position) {
		return
	}
	if r.poisoned && r.poison == uint64(rec.Position) {
		return
	}
	if err := r.row(&p.batch, rec); err != nil {
		p.unread++
		p.lastBad, p.badAt = err, rec.Position
	}
}

// inSeal tells whether a record is in the seal that the warehouse began anew
// from.
func (r *reader) inSeal(day warehouse.Day, at spool.Position) bool {
	return len(r.sealed) > 0 && uint64(at) < r.sealed[day].Spool
}

// row appends the row of a record.
func (r *reader) row(b *warehouse.Batch, rec *spool.Record) (err error) {
	switch rec.Kind {
	case spool.KindClick:
		n := len(b.Clicks)
		if n < cap(b.Clicks) {
			b.Clicks = b.Clicks[:n+1]
		} else {
			b.Clicks = append(b.Clicks, warehouse.Click{})
		}
		if err = r.enricher.enrich(&b.Clicks[n], rec.Data); err != nil {
			b.Clicks = b.Clicks[:n]
		}
	case spool.KindPostback, spool.KindTally:
		var p warehouse.Postback
		if p, err = r.enricher.postback(rec); err == nil {
			b.Postbacks = append(b.Postbacks, p)
		}
	default:
		err = fmt.Errorf("kind %d of record: %w", rec.Kind, homing.ErrNewer)
	}
	return err
}

// dropSalts forgets the salts that no click needs any more. Clocks ahead of
// ours must not make us forget today's.
func (r *reader) dropSalts() {
	today := warehouse.DayAt(r.l.now())
	if last := warehouse.DayAt(r.through); r.through > 0 {
		today = min(today, last)
	}
	r.enricher.salts.drop(today - 1)
	if s := r.l.options.Salts; s != nil {
		s.Forget(today - 1)
	}
}

// lookAgain reads the settings again for the sake of a campaign.
func (r *reader) lookAgain(ctx context.Context, id homing.CampaignID) *catalog.View {
	var err error
	if r.l.options.Refresh != nil {
		err = r.l.options.Refresh(ctx)
	}
	view := r.l.options.View()
	switch {
	case err != nil && r.l.options.Shared:
		// This node may have started with older settings than it had before. It has
		// time: what is nobody's now would be nobody's for good.
		r.enricher.failed = fmt.Errorf("couldn't look for campaign %s: %w: %w", id, errLedger, err)
	case err != nil:
		r.l.tell(noticeUnknown, fmt.Sprintf("clicks of campaign %s are in reports under no account: its settings could not be read: %v", id, err))
	case view.Campaign(id) == nil:
		r.l.tell(noticeUnknown, fmt.Sprintf("clicks of campaign %s, which the ledger does not have, are in reports under no account", id))
	}
	return view
}
