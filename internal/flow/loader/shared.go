package loader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// Several loaders feed one warehouse when a house has outgrown one machine.
//
//	edge 1 ── spool/1 ──┐
//	edge 2 ── spool/2 ──┼──► warehouse ◄── ledger ── the node that has that duty
//	desk ──── spool/3 ──┘        ▲
//	                             └── days are sealed and given up ── the node that has that one
//
// Each node loads its own spool, whoever else is away. What only one may do is done
// by the one that has a duty, see package cluster, and must be harmless when two do
// it for a moment:
//
//   - Changes: of two batches that begin at the same mark one gets in, and the other is
//     homing.ErrConflict. Its loader reads the marks again, and says nothing.
//   - Sealing, giving up, erasing: doing it again changes nothing.
//
// What is different from one machine:
//
//   - A conversion may be loaded before its click, which another edge still has. The
//     warehouse completes it then.
//   - Nobody makes the warehouse anew on its own, nor tells it that days are lost:
//     one node cannot know what the others' spools have.
//   - A spool is trimmed of what is loaded and two days old, and does not wait for a
//     seal: rows below a mark are on stable storage of as many replicas as the
//     warehouse was set up with, and a Reset seals by itself what is over. A spool that
//     waited for a seal would fill an edge's disk whenever no node keeps house.
//   - Settings and salts that cannot be had now are waited for.
//   - Numbers of postbacks tell spools apart, see numberOfShared.
//   - Erasures, see missed.

// Salts are the salts of the days, the same for all nodes; see cluster.Salts.
type Salts interface {
	// Of is the salt of a day. homing.ErrUnavailable: ask again later.
	Of(ctx context.Context, day warehouse.Day) ([16]byte, error)
	// Prepare has those at hand that are needed soon.
	Prepare(ctx context.Context) error
	// Forget forgets those of days before one, on this node; Drop for all nodes.
	Forget(before warehouse.Day)
	Drop(ctx context.Context, before warehouse.Day) error
}

func never() bool { return false }

// brings tells whether this loader brings the ledger's changes now.
func (l *Loader) brings() bool { return l.options.Changes == nil || l.options.Changes() }

// keepsHouse tells whether this loader sees to days for all.
func (l *Loader) keepsHouse() bool { return l.options.Housekeeping == nil || l.options.Housekeeping() }

// turnTo notes whether this round brings changes. If the one before did not, another
// node may have, and the marks are read again.
func (l *Loader) turnTo(brings bool) {
	if brings && !l.brought {
		l.resumed = false
	}
	l.brought = brings
}

// remedy says what follows from something that is gone.
func (l *Loader) remedy(alone string) string {
	if l.options.Shared {
		return "nothing more of it is loaded on this node until somebody has decided how to go on"
	}
	return alone
}

// toldBefore tells whether a loss of a part was told in this run, where it is found
// in every round.
func (l *Loader) toldBefore(part string) bool {
	before := l.lostTold[part]
	l.lostTold[part] = l.options.Shared
	return before
}

// sharedSalt is how the enricher asks for salts; nil if it makes them.
func (r *reader) sharedSalt(ctx context.Context) func(warehouse.Day) (salt, error) {
	salts := r.l.options.Salts
	if salts == nil {
		return nil
	}
	return func(day warehouse.Day) (salt, error) {
		key, err := salts.Of(ctx, day)
		if err != nil {
			return salt{}, fmt.Errorf("%w: %w", errLedger, err)
		}
		return key, nil
	}
}

// prepareSalts has the next day's at hand before it begins. That it fails is told by
// whoever needs one that is not there.
func (l *Loader) prepareSalts(ctx context.Context) {
	if l.options.Salts != nil {
		_ = l.options.Salts.Prepare(ctx)
	}
}

// dropSalts removes the salts of days that are over, for all nodes. An edge that
// still has clicks of such a day, because it was cut off, agrees on another with
// those that have as well: their visitors may count as unique once more.
func (l *Loader) dropSalts(ctx context.Context, now homing.Millis) error {
	if l.options.Salts == nil {
		return nil
	}
	if err := l.options.Salts.Drop(ctx, warehouse.DayAt(now)-1); err != nil {
		return fmt.Errorf("couldn't drop the salts of days that are over: %w: %w", errLedger, err)
	}
	return nil
}

// On one machine whatever an erasure is about is loaded before it is carried out. Of
// several, an edge that was behind brings clicks that were erased long ago. So
//
//   - whoever brings changes carries out each erasure twice, at once and some minutes
//     later, by when all who are not behind have loaded what they had;
//   - whoever was behind at that time carries it out himself when he has caught up.
//
// Clocks may differ by minutes, which the times below allow for.
const (
	eraseAgainAfter homing.Millis = 10 * 60 * 1000
	eraseLate                     = 3 * time.Minute // who is as late carries erasures out himself
	eraseSlack      homing.Millis = 15 * 60 * 1000  // by which the clock of an erasure may be wrong
)

// dueErasure is an erasure that is carried out once more.
type dueErasure struct {
	ledger.Erasure
	at homing.Millis
}

// seen is the newest erasure that was carried out at least once.
func (a *ledgerPlace) seen() int64 {
	if n := len(a.again); n > 0 {
		return a.again[n-1].Number
	}
	return a.erased
}

// eraseAgain carries out what is due again. Only then it is noted as done: should
// another node take the duty over, it does all of it once more.
func (l *Loader) eraseAgain(ctx context.Context) error {
	a := &l.ledgerAt
	for len(a.again) > 0 && l.now() >= a.again[0].at {
		if err := l.blank(ctx, &a.again[0].Erasure); err != nil {
			return err
		}
		a.erased = a.again[0].Number
		a.again = a.again[1:]
	}
	return nil
}

// missed is what a loader knows of erasures that were carried out while it was behind.
// It is of who has the turn.
type missed struct {
	known bool
	// first: nothing that was recorded before has been waiting since the start.
	first homing.Millis
	// late is when this loader was late last; 0 = never.
	late homing.Millis
}

// resume begins where the spool's mark is. A start counts as late.
func (m *missed) resume(ctx context.Context, l *Loader, s *spoolState) {
	l.reader.erased = s.Erased
	if !l.options.Shared || m.known {
		return
	}
	m.known, m.late = true, l.now()
	if m.first = s.Through; m.first != 0 {
		return
	}
	m.first = l.now()
	for rec, err := range l.spool.Scan(ctx, spool.Query{From: l.spool.Oldest()}) {
		if err == nil {
			m.first = min(m.first, rec.At)
		}
		break
	}
}

// missedErasures are those that this loader has to carry out when it has caught up.
// The ledger may be away: they are asked for again.
func (l *Loader) missedErasures(ctx context.Context) []ledger.Erasure {
	if !l.options.Shared {
		return nil
	}
	now := l.now()
	if l.Lag().Behind >= eraseLate {
		l.missed.late = now
	}
	erasures, err := l.books.Erasures(ctx, l.reader.erased, maxErasures)
	if err != nil {
		return nil // what is not erased now stays in line
	}
	return erasures
}

// eraseMissed carries out those of erasures that this loader has brought rows of. All
// that it had when they were read is loaded.
func (l *Loader) eraseMissed(ctx context.Context, erasures []ledger.Erasure) error {
	m := &l.missed
	for i := range erasures {
		e := &erasures[i]
		if e.At >= m.first-eraseSlack && m.late >= e.At-eraseSlack {
			if err := l.blank(ctx, e); err != nil {
				return err
			}
		}
		l.reader.erased = e.Number
	}
	return nil
}

// noSpool is a spool in which nothing ever is.
type noSpool struct{ spool.Spool }

func (noSpool) Durable() spool.Position { return 0 }
func (noSpool) Oldest() spool.Position  { return 0 }
func (noSpool) Trim(spool.Position) error {
	return nil
}
func (noSpool) Damage() []spool.Damage { return nil }
func (noSpool) Scan(context.Context, spool.Query) iter.Seq2[spool.Record, error] {
	return func(func(spool.Record, error) bool) {}
}

// noBooks are the books of a ledger that nobody has given.
type noBooks struct{ ledger.Books }

func (noBooks) Erasures(context.Context, int64, int) ([]ledger.Erasure, error) { return nil, nil }
func (noBooks) Changes(context.Context, int64, int) ([]homing.Change, error)   { return nil, nil }

var errNoSpool = errors.New("there is no spool")

func (noSpool) Follow(spool.Position) (spool.Follower, error) { return nil, errNoSpool }
