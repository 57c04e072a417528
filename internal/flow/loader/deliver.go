package loader

import (
	"context"
	"errors"
	"fmt"

	"homing"
	"homing/internal/engine/warehouse"
)

// deliver loads a batch, trying for as long as the warehouse is away. Other
// errors are returned, after which the marks must be read again. From a return
// without error on a crash is harmless: rows and mark are in.
func (l *Loader) deliver(ctx context.Context, b *warehouse.Batch, records int) error {
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		err := l.warehouse.Load(ctx, b)
		if err == nil {
			l.worked()
			return nil
		}
		err = fmt.Errorf("couldn't load %s %d to %d: %w", b.Source, b.First, b.Next, err)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, homing.ErrDamaged), errors.Is(err, homing.ErrConflict):
			return err
		case records > 1 && (errors.Is(err, homing.ErrInvalid) || errors.Is(err, homing.ErrOverloaded)),
			errors.Is(err, homing.ErrInvalid) && l.mayPoison():
			l.refused(b, records, err)
			return errMoved
		}
		l.failed(err)
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
		// It may be in all the same: the answer may have been lost.
		mark, err := l.warehouse.Mark(ctx, b.Source)
		switch {
		case err != nil: // asked again after the next try
		case mark.Next >= b.Next:
			l.worked()
			return nil
		case mark.Next != b.First:
			return errMoved
		}
	}
}

// mostPoison is how many rows an hour are passed over because the warehouse
// refuses them. If it refuses more, it is the warehouse that is wrong.
const mostPoison = 20

// mayPoison counts one, if it may be.
func (l *Loader) mayPoison() bool {
	if hour := l.clock().Unix() / 3600; hour != l.poisonHour {
		l.poisonHour, l.poisons = hour, 0
	}
	l.poisons++
	return l.poisons <= mostPoison
}

// refused looks for the row that the warehouse will not have, by halving
// batches; when it stands alone it is passed over.
func (l *Loader) refused(b *warehouse.Batch, records int, err error) {
	ofLedger := b.Source == LedgerSource
	switch {
	case records > 1 && ofLedger:
		l.ledgerAt.atMost = records / 2
	case records > 1:
		l.toReader.atMost = records / 2
	case ofLedger:
		l.ledgerAt.poison = int64(b.Next) - 1
		l.tell(noticePoison, "a change of the ledger was refused by the warehouse and is not in reports: "+err.Error())
	default:
		l.toReader.poison, l.toReader.poisoned = b.Next-1, true
		l.tell(noticePoison, "a record of the spool was refused by the warehouse and is not in reports: "+err.Error())
	}
}
