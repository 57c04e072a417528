package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
)

// How long is waited after an error, doubling from the first to the most.
const (
	firstWait = 100 * time.Millisecond
	mostWait  = 5 * time.Second
)

// errMoved says that the warehouse's mark is not where the loader left it:
// everything begins at the mark again.
var errMoved = errors.New("the warehouse's mark has moved")

// rounds runs rounds until ctx is done.
func (l *Loader) rounds(ctx context.Context) {
	behindTheDoors()
	wait := firstWait
	for ctx.Err() == nil {
		pace := time.NewTimer(l.options.Every)
		whole, err := l.takeTurn(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errPaused):
			sleep(ctx, 10*time.Millisecond)
		case err == nil && whole:
			wait = firstWait
			l.pace(ctx, pace.C)
		case errors.Is(err, errMoved):
			sleep(ctx, 10*time.Millisecond)
		case err == nil:
			wait = firstWait
		default:
			l.failed(err)
			sleep(ctx, wait)
			wait = min(2*wait, mostWait)
		}
		pace.Stop()
	}
}

// pace waits for the next round, unless somebody is in a hurry.
func (l *Loader) pace(ctx context.Context, due <-chan time.Time) {
	select {
	case <-ctx.Done():
	case <-due:
	case <-l.nudge:
	}
}

// errPaused says that a round was given up for somebody who wants the turn.
var errPaused = errors.New("paused")

// takeTurn runs one round with the turn. whole tells that everything there was
// when it began has been loaded.
func (l *Loader) takeTurn(ctx context.Context) (whole bool, err error) {
	round, cancel := context.WithCancel(ctx)
	defer cancel()
	l.mu.Lock()
	if l.waiting > 0 {
		l.mu.Unlock()
		return false, errPaused
	}
	l.cancelRound = cancel
	l.began++
	number := l.began
	l.mu.Unlock()

	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-round.Done():
		return false, errPaused
	}
	whole, err = l.round(round)
	if err != nil {
		// What was read ahead is given up, and the marks are read again.
		l.resumed = false
		err = l.mend(round, err)
		if round.Err() != nil && ctx.Err() == nil {
			err = errPaused
		}
	}
	l.ended(number, whole && err == nil)
	return whole, err
}

// ended tells those who wait for a round.
func (l *Loader) ended(number uint64, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancelRound = nil
	if whole {
		l.complete = number
	}
	close(l.news)
	l.news = make(chan struct{})
}

// round loads what there is now, in the order that the package comment tells.
func (l *Loader) round(ctx context.Context) (whole bool, err error) {
	if err := l.damage(); err != nil {
		return false, err
	}
	l.turnTo(l.brings())
	if err := l.resume(ctx); err != nil {
		return false, err
	}
	began, most := l.now(), l.ledgerAt.limit()
	var changes []homing.Change
	var erasures []ledger.Erasure
	if l.brought {
		if changes, err = l.books.Changes(ctx, l.ledgerAt.done, most); err != nil {
			return false, fmt.Errorf("couldn't read the ledger's changes: %w: %w", errLedger, err)
		}
		if erasures, err = l.books.Erasures(ctx, l.ledgerAt.seen(), maxErasures); err != nil {
			return false, fmt.Errorf("couldn't read the ledger's erasures: %w: %w", errLedger, err)
		}
	}
	missed := l.missedErasures(ctx)
	// Not before the changes were read: clicks of all of them lie below.
	end := l.spool.Durable()
	if err := l.loadSpool(ctx, end); err != nil {
		return false, err
	}
	if len(changes) > 0 && !l.brings() {
		return false, nil // the duty went meanwhile: another node brings them
	}
	if err := l.loadLedger(ctx, changes); err != nil {
		return false, err
	}
	if l.reader.loaded >= end {
		if err := l.tellLoss(ctx); err != nil {
			return false, err
		}
		if err := l.eraseMissed(ctx, missed); err != nil {
			return false, err
		}
	}
	for i := range erasures {
		if err := l.erase(ctx, &erasures[i]); err != nil {
			return false, err
		}
	}
	if err := l.eraseAgain(ctx); err != nil {
		return false, err
	}
	whole = len(changes) < most && len(erasures) < maxErasures && l.reader.loaded >= end
	if whole {
		l.caughtUp(began)
		l.reader.slim()
	}
	return whole, nil
}

// loadSpool loads the spool up to a position: one goroutine reads and enriches
// the next batch while the warehouse commits this one.
func (l *Loader) loadSpool(ctx context.Context, end spool.Position) error {
	r := l.reader
	if r.next >= end && !r.pending() {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	parcels := make(chan *parcel)
	read := make(chan error, 1)
	go func() {
		behindTheDoors()
		read <- r.fillTo(ctx, end, parcels)
		close(parcels)
	}()
	var failed error
	for p := range parcels {
		if failed == nil {
			l.oldest(p)
			if failed = l.deliver(ctx, &p.batch, p.records); failed != nil {
				cancel()
			} else {
				l.loaded(p)
			}
		}
		r.recycle(p)
	}
	cancel()
	err := <-read
	if failed != nil {
		return failed
	}
	return err
}

// loaded notes that a batch of the spool is in the warehouse.
func (l *Loader) loaded(p *parcel) {
	l.reader.loaded = spool.Position(p.batch.Next)
	l.progressed(p)
}

// mend does what can be done about an error at once.
func (l *Loader) mend(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case l.options.Shared && !errors.Is(err, homing.ErrConflict):
		return err // what all nodes share is made anew by nobody on its own
	case errors.Is(err, homing.ErrDamaged) && !errors.Is(err, errLedger) && !errors.Is(err, errSpool):
		return l.resetItself(ctx, err)
	case errors.Is(err, errBehind):
		if err := l.reset(ctx, "the ledger or the spool went back, and the warehouse is made anew", nil); err != nil {
			return err
		}
		return errMoved
	case errors.Is(err, homing.ErrConflict):
		return errMoved
	}
	return err
}
