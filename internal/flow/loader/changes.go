package loader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
)

// maxChanges is how many changes a batch has at most, and maxErasures how many
// erasures a round carries out.
const (
	maxChanges  = 10_000
	maxErasures = 1000
)

// ledgerPlace is how far the ledger has been followed. It is of who has the turn.
type ledgerPlace struct {
	mark   uint64 // the warehouse's
	done   int64  // number of the newest change that is loaded
	erased int64  // number of the newest erasure that was carried out
	again  []dueErasure
	atMost int   // as of reader
	poison int64 // number of the change that is passed over; 0 = none
}

func (a *ledgerPlace) resume(mark uint64, s *ledgerState) {
	a.mark, a.erased, a.again = mark, s.Erased, nil
	a.done = max(int64(mark)-1, 0)
}

func (a *ledgerPlace) limit() int {
	if a.atMost == 0 {
		a.atMost = maxChanges
	}
	return a.atMost
}

// next is the mark: the first change that is wanted.
func (a *ledgerPlace) next() uint64 { return a.mark }

// loadLedger loads changes: conversions as they stand now, and the receipts of
// new ones.
func (l *Loader) loadLedger(ctx context.Context, changes []homing.Change) error {
	if len(changes) == 0 {
		return nil
	}
	last := changes[len(changes)-1].Number
	b := &warehouse.Batch{Source: LedgerSource, First: l.ledgerAt.mark, Next: uint64(last) + 1,
		State: fmt.Appendf(nil, `{"v":%d,"erased":%d}`, stateVersion, l.ledgerAt.erased)}
	if err := l.fillLedger(ctx, b, changes); err != nil {
		return err
	}
	if err := l.deliver(ctx, b, len(changes)); err != nil {
		return err
	}
	l.ledgerAt.mark, l.ledgerAt.done = b.Next, last
	l.ledgerAt.atMost = min(2*l.ledgerAt.atMost, maxChanges)
	l.counted(len(b.Conversions))
	return nil
}

// wanted is a conversion that changed.
type wanted struct {
	id      homing.ConversionID
	version int64 // its newest change
	made    int64 // the change that made it; 0 if that was earlier
	late    bool
}

// wantedOf lists the conversions of changes, in the order of their numbers.
func (l *Loader) wantedOf(changes []homing.Change) []wanted {
	byID := make(map[homing.ConversionID]wanted, len(changes))
	for _, c := range changes {
		if c.Number == l.ledgerAt.poison {
			continue
		}
		w := byID[c.Conversion]
		w.id, w.version = c.Conversion, c.Number
		if c.From == 0 {
			w.made, w.late = c.Number, c.To == homing.LateStatus
		}
		byID[c.Conversion] = w
	}
	list := make([]wanted, 0, len(byID))
	for _, w := range byID {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b wanted) int { return int(a.id - b.id) })
	return list
}

// fillLedger reads what changed into a batch.
func (l *Loader) fillLedger(ctx context.Context, b *warehouse.Batch, changes []homing.Change) error {
	l.reader.enricher.view = l.options.View()
	for run := range runs(l.wantedOf(changes)) {
		if err := l.fillRun(ctx, b, run); err != nil {
			return err
		}
	}
	return nil
}

// runs cuts a list into pieces whose numbers lie close together: those are read
// as one. New conversions are dense; amended ones lie anywhere.
func runs(list []wanted) iter.Seq[[]wanted] {
	const close = 16
	return func(yield func([]wanted) bool) {
		for from := 0; from < len(list); {
			to := from + 1
			for to < len(list) && list[to].id-list[to-1].id <= close {
				to++
			}
			if !yield(list[from:to]) {
				return
			}
			from = to
		}
	}
}

func (l *Loader) fillRun(ctx context.Context, b *warehouse.Batch, run []wanted) error {
	first, last := run[0].id, run[len(run)-1].id
	found := make(map[homing.ConversionID]int, len(run))
	q := ledger.ConversionQuery{After: first - 1, Limit: int(last-first) + 1}
	for c, err := range l.books.Conversions(ctx, q) {
		if err != nil {
			if err := l.passOver("conversions", err); err != nil {
				return err
			}
			break
		}
		if c.ID > last {
			break
		}
		if i, ok := slices.BinarySearchFunc(run, c.ID, func(w wanted, id homing.ConversionID) int { return int(w.id - id) }); ok {
			found[c.ID] = len(b.Conversions)
			b.Conversions = append(b.Conversions, l.conversion(c, run[i].version))
		}
	}
	l.missingConversions(run, found)
	return l.fillReceipts(ctx, b, run, found)
}

// conversion makes a row. Keys that became known since are masked in the lead
// code, as everywhere.
func (l *Loader) conversion(c homing.Conversion, version int64) warehouse.Conversion {
	c.Currency = string(sound([]byte(c.Currency)))
	if m := l.options.Masker; m != nil && c.Lead != "" {
		c.Lead = m.Text(c.Lead)
	}
	return warehouse.Conversion{Conversion: c, Version: version}
}

func (l *Loader) missingConversions(run []wanted, found map[homing.ConversionID]int) {
	if len(found) < len(run) {
		l.tell(noticeMissing, fmt.Sprintf("%d conversions between %s and %s cannot be read in the ledger and are not in reports",
			len(run)-len(found), run[0].id, run[len(run)-1].id))
	}
}

// passOver tells of damage of the ledger and goes on behind it; other errors
// are returned.
func (l *Loader) passOver(what string, err error) error {
	if errors.Is(err, homing.ErrDamaged) {
		l.tell(noticeMissing, "some "+what+" of the ledger cannot be read: "+err.Error())
		return nil
	}
	return fmt.Errorf("couldn't read %s: %w: %w", what, errLedger, err)
}

// fillReceipts appends the postbacks that made the new conversions of a run.
// Where the receipt was erased, the conversion tells that there was one.
func (l *Loader) fillReceipts(ctx context.Context, b *warehouse.Batch, run []wanted, found map[homing.ConversionID]int) error {
	fresh := run
	for len(fresh) > 0 && fresh[0].made == 0 {
		fresh = fresh[1:]
	}
	for len(fresh) > 0 && fresh[len(fresh)-1].made == 0 {
		fresh = fresh[:len(fresh)-1]
	}
	if len(fresh) == 0 {
		return nil
	}
	receipts := make(map[homing.ConversionID]homing.Postback, len(fresh))
	first, last := fresh[0].id, fresh[len(fresh)-1].id
	q := ledger.ReceiptQuery{After: first - 1, Limit: int(last-first) + 1}
	for p, err := range l.books.Receipts(ctx, q) {
		if err != nil {
			if err := l.passOver("receipts", err); err != nil {
				return err
			}
			break
		}
		if p.Conversion > last {
			break
		}
		receipts[p.Conversion] = p
	}
	_, horizon := l.horizons(l.now())
	for _, w := range fresh {
		i, ok := found[w.id]
		if !ok || w.made == 0 {
			continue
		}
		l.receipt(b, &b.Conversions[i].Conversion, w, receipts, horizon)
	}
	return nil
}

// receipt appends the postback of one conversion.
func (l *Loader) receipt(b *warehouse.Batch, c *homing.Conversion, w wanted, receipts map[homing.ConversionID]homing.Postback, horizon warehouse.Day) {
	p, ok := receipts[w.id]
	if !ok {
		p = l.withoutReceipt(c, w.late)
	}
	day := warehouse.DayAt(p.At)
	if day < horizon || uint64(w.made) < l.reader.sealed[day].Ledger {
		return
	}
	row := warehouse.Postback{Postback: p, Number: numberOfReceipt(w.id), Count: 1}
	if err := l.reader.enricher.ready(&row); err != nil {
		l.tell(noticePoison, fmt.Sprintf("the receipt of conversion %s is not in reports: %v", w.id, err))
		return
	}
	b.Postbacks = append(b.Postbacks, row)
}

// withoutReceipt is what is left of a postback whose receipt was erased.
func (l *Loader) withoutReceipt(c *homing.Conversion, late bool) homing.Postback {
	p := homing.Postback{Request: c.Request, At: c.At, Account: c.Account, Campaign: c.Campaign, Origin: c.Click,
		Goal: c.Goal, Value: c.Value, Price: c.Price, Currency: c.Currency, Conversion: c.ID,
		Verdict: homing.Verdict{Outcome: homing.Counted, Reason: homing.ReasonCounted, Flags: c.Flags}}
	if late {
		p.Verdict.Outcome, p.Verdict.Reason = homing.Late, homing.ReasonLate
	}
	if c.Flags.Has(homing.FlagReplayed) {
		p.At = c.Request.Time() // the conversion's is the first call's
	}
	if l.options.Keyring != nil {
		p.Click = l.options.Keyring().Seal(c.Click)
	}
	return p
}

// erase carries an erasure out. Doing it again is harmless; the number goes
// into the state with the next batch of the ledger.
func (l *Loader) erase(ctx context.Context, e *ledger.Erasure) error {
	if err := l.blank(ctx, e); err != nil {
		return err
	}
	if l.options.Shared {
		l.ledgerAt.again = append(l.ledgerAt.again, dueErasure{*e, l.now() + eraseAgainAfter})
		return nil
	}
	l.ledgerAt.erased = e.Number
	return nil
}

// blank has the warehouse blank what an erasure is about.
func (l *Loader) blank(ctx context.Context, e *ledger.Erasure) error {
	what := warehouse.Erasure{Click: e.Click, Account: e.Account}
	if l.options.Keyring != nil {
		what.Lead = l.options.Keyring().HashLead
	}
	if err := l.warehouse.Erase(ctx, what); err != nil {
		return fmt.Errorf("couldn't erase in the warehouse (erasure %d): %w", e.Number, err)
	}
	return nil
}
