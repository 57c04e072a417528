package loader

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// stateVersion is the version of both states. They are JSON, kept by the
// warehouse with the marks.
const stateVersion = 1

// spoolState is what the loader keeps with the mark of the spool.
type spoolState struct {
	Version int                       `json:"v"`
	Salts   map[warehouse.Day]string  `json:"salts,omitempty"` // hex
	Through homing.Millis             `json:"through"`         // time of the newest record loaded
	Sealed  map[warehouse.Day]through `json:"sealed,omitempty"`
	// Lost is to be told to the warehouse when all there is has been loaded.
	Lost *span `json:"lost,omitempty"`
	// Last tells the newest record loaded from any other; nil in states of earlier
	// versions, like Clock.
	Last *loadedRecord `json:"last,omitempty"`
	// Clock is how it has gone on.
	Clock *steadyState `json:"clock,omitempty"`
	// Erased is the newest erasure that this spool has nothing of any more; of
	// loaders that share a warehouse.
	Erased int64 `json:"erased,omitempty"`
}

// through tells what of a sealed day must not be loaded again after the
// warehouse has begun anew: what lies below its marks at the sealing. It is
// kept until both sources are past it, and not read off the seals again: a day
// that gets rows is listed there no more.
type through struct {
	Spool  uint64 `json:"s"`
	Ledger uint64 `json:"l"`
}

// ledgerState is what the loader keeps with the mark of the ledger.
type ledgerState struct {
	Version int   `json:"v"`
	Erased  int64 `json:"erased"` // number of the newest erasure that was carried out
}

func readState(data []byte, state any, version *int) error {
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, state); err != nil {
		return fmt.Errorf("the loader's state cannot be read: %w: %w", homing.ErrDamaged, err)
	}
	if *version > stateVersion {
		return fmt.Errorf("the loader's state has version %d: %w", *version, homing.ErrNewer)
	}
	return nil
}

// resume reads the marks, unless they are known.
func (l *Loader) resume(ctx context.Context) error {
	if l.resumed {
		return nil
	}
	mark, err := l.warehouse.Mark(ctx, l.options.Source)
	if err != nil {
		return fmt.Errorf("couldn't ask for the mark of %s: %w", l.options.Source, err)
	}
	books, err := l.warehouse.Mark(ctx, LedgerSource)
	if err != nil {
		return fmt.Errorf("couldn't ask for the ledger's mark: %w", err)
	}
	var s spoolState
	if err := readState(mark.State, &s, &s.Version); err != nil {
		return err
	}
	var ls ledgerState
	if err := readState(books.State, &ls, &ls.Version); err != nil {
		return err
	}
	l.steady.join(s.Clock)
	if l.brought {
		if err := l.lookBack(ctx, books.Next); err != nil {
			return err
		}
	}
	if err := l.lookBackInSpool(ctx, s.Last); err != nil {
		return err
	}
	if mark.Next == 0 {
		if s.Sealed, err = l.sealed(ctx); err != nil {
			return err
		}
	}
	if durable := l.spool.Durable(); spool.Position(mark.Next) > durable {
		l.lost(ctx, "spool", fmt.Sprintf("the spool ends at record %s, but reports know records up to %d: its newest files are lost, or an older copy "+
			"was brought back; %s", durable, mark.Next, l.remedy("the warehouse is made anew from what there is, and the one of before is kept beside it")))
	}
	if !l.options.Shared { // there, what one spool has lost no day has lost
		if err := l.lookForLoss(ctx, spool.Position(mark.Next), &s); err != nil {
			return err
		}
	}
	if err := l.reader.resume(spool.Position(mark.Next), &s); err != nil {
		return err
	}
	l.ledgerAt.resume(books.Next, &ls)
	l.missed.resume(ctx, l, &s)
	l.resumed = true
	l.resumedAt(s.Through)
	return nil
}

// errBehind says that ledger or spool no longer have what has been loaded.
var errBehind = errors.New("what has been loaded is no longer there")

// lookBack wants the newest change that was loaded in the ledger. If it is not
// there, a log that was cut has taken it, which SQLite cannot tell from a crash, or
// somebody has brought an older copy back. Numbers will be given again, so that
// new changes would be taken for loaded ones, and reports have conversions that the
// ledger does not know.
func (l *Loader) lookBack(ctx context.Context, next uint64) error {
	if next < 2 {
		return nil
	}
	newest := int64(next) - 1
	changes, err := l.books.Changes(ctx, newest-1, 1)
	if err != nil {
		return fmt.Errorf("couldn't read the ledger's changes: %w: %w", errLedger, err)
	}
	if len(changes) > 0 {
		return nil
	}
	l.lost(ctx, "ledger", fmt.Sprintf("the ledger ends before its change %d, which reports know: what was acknowledged then is missing in it, "+
		"because its log was damaged or an older copy was brought back; %s", newest, l.remedy("the warehouse is made anew from what there is")))
	return errBehind
}

// lost tells operators, for good, of what was acknowledged and is gone.
func (l *Loader) lost(ctx context.Context, part, text string) {
	l.tell(noticeMissing, text)
	if l.options.Lost != nil && !l.toldBefore(part) {
		l.options.Lost(ctx, part, text)
	}
}

// sealed tells what must be passed over, from the seals.
func (l *Loader) sealed(ctx context.Context) (map[warehouse.Day]through, error) {
	seals, err := l.warehouse.Seals(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't list the sealed days: %w", err)
	}
	days := make(map[warehouse.Day]through, len(seals))
	for _, s := range seals {
		t := through{s.Through[l.options.Source], s.Through[LedgerSource]}
		if t.Spool > uint64(l.spool.Durable()) {
			t.Spool = 0 // another spool's
		}
		days[s.Day] = t
	}
	return days, nil
}

// resume goes to a mark.
func (r *reader) resume(mark spool.Position, s *spoolState) error {
	r.close()
	r.next, r.loaded, r.rest = mark, mark, nil
	found := &r.l.toReader
	if r.poison, r.poisoned = found.poison, found.poisoned; found.atMost > 0 {
		r.atMost, found.atMost = found.atMost, 0
	}
	r.sealed, r.through, r.lost, r.last = s.Sealed, s.Through, s.Lost, s.Last
	r.enricher.salts = salts{byDay: map[warehouse.Day]salt{}}
	for day, text := range s.Salts {
		var key salt
		if n, err := hex.Decode(key[:], []byte(text)); err != nil || n != len(key) || len(text) != 2*len(key) {
			return fmt.Errorf("a salt in the loader's state: %w", homing.ErrDamaged)
		}
		r.enricher.salts.byDay[day] = key
	}
	if durable := r.l.spool.Durable(); mark > durable {
		return fmt.Errorf("the warehouse has loaded up to record %s, but the spool ends at %s, so it is another spool's: %w",
			mark, durable, homing.ErrDamaged)
	}
	return nil
}

// state writes down what belongs to the reader's position.
func (r *reader) state() []byte {
	s := spoolState{Version: stateVersion, Through: r.through, Lost: r.lost, Last: r.last, Clock: r.l.steady.state(), Erased: r.erased,
		Salts: map[warehouse.Day]string{}}
	for day, key := range r.enricher.salts.byDay {
		if r.l.options.Salts != nil {
			break // they lie where all nodes find them, sealed
		}
		s.Salts[day] = hex.EncodeToString(key[:])
	}
	for day, t := range r.sealed {
		if uint64(r.next) >= t.Spool && r.l.ledgerAt.next() >= t.Ledger {
			continue
		}
		if s.Sealed == nil {
			s.Sealed = map[warehouse.Day]through{}
		}
		s.Sealed[day] = t
	}
	data, err := json.Marshal(s)
	if err != nil {
		panic(errors.New("loader: its own state cannot be written")) // maps of numbers and texts
	}
	return data
}
