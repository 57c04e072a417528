package mint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Keep looks after the loans with the ledger until ctx is done: it moves their marks
// far ahead, notices what was lost, and has a second number at hand. It gives
// nothing back: the next start goes on with the same numbers.
func (l *Local) Keep(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		err := l.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if l.trouble.Swap(nil) != nil {
				l.log.Info("the ledger answers again for the node numbers")
			}
		case l.trouble.Swap(&err) == nil:
			l.log.Warn("couldn't look after the borrowed node numbers; ids are minted all the same", "for", l.Margin(), "error", err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// look looks at everything once. It ends at the first error: the ledger is away.
func (l *Local) look(ctx context.Context) error {
	now := homing.MillisOf(l.clock())
	if err := checkClock(now); err != nil {
		return err // no mark is moved by a clock that stands in 1970
	}
	l.mu.Lock()
	loans := slices.Clone(l.loans)
	l.mu.Unlock()
	for _, b := range loans {
		if err := l.lookAt(ctx, b, now); err != nil && !errors.Is(err, homing.ErrConflict) {
			return err // of a conflict whoever mints was told
		}
	}
	l.forgetStarts()
	if !l.hasSpare(now) {
		if err := l.borrow(ctx, now); err != nil {
			return err
		}
	}
	return l.giveBack(ctx, now)
}

// lookAt looks after one loan: it is moved ahead when a seventh of its time is over,
// and at the start, when that also tells whether it still stands.
func (l *Local) lookAt(ctx context.Context, b *farLoan, now homing.Millis) error {
	l.mu.Lock()
	lease := b.lease(b.Mark)
	due := l.find(lease) != nil && (!b.heard || b.Mark < now+l.ahead-l.ahead/7)
	l.mu.Unlock()
	if due {
		if err := l.farther(ctx, lease, now); err != nil {
			return err
		}
	}
	claimed, err := l.claim(ctx, lease)
	if err != nil || !claimed {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case b.since.IsZero():
		b.since = l.clock()
	case b.Doubt && l.clock().Sub(b.since) >= copyGrace:
		// What a clone has minted lies below now, and it has stopped. That this was
		// cleared is written down with the next save.
		b.Doubt, b.Used = false, max(b.Used, now)
	}
	return nil
}

// farther moves the ledger's mark far ahead of a moment.
func (l *Local) farther(ctx context.Context, lease ledger.Lease, from homing.Millis) error {
	until := from + l.ahead
	err := l.lessor.Extend(ctx, lease, until)
	if errors.Is(err, homing.ErrConflict) {
		l.lose(lease, "the ledger has lent it to somebody else")
		return err
	}
	if err != nil {
		return fmt.Errorf("couldn't borrow node number %d for longer: %w", lease.Node, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.find(lease); b != nil {
		b.heard, b.Mark = true, max(b.Mark, until)
		return l.save()
	}
	return nil
}

// claim tells the ledger's commons that this start has the number, and finds out
// whether another has told so since: a clone of this disk is at work.
//
//	node/3 = token of the loan / start
//
// What stands there of another loan is of whoever had the number before. What
// stands there of this loan must be of a start that the file knows; each start is
// written down before it claims, so the answer to a claim may be lost.
func (l *Local) claim(ctx context.Context, lease ledger.Lease) (claimed bool, err error) {
	if l.commons == nil {
		return true, nil
	}
	name, loan := fmt.Sprintf("node/%d", lease.Node), fmt.Sprintf("%016x/", lease.Token)
	mine := []byte(loan + l.start)
	found, err := l.commons.Common(ctx, name)
	if err != nil {
		return false, fmt.Errorf("couldn't ask who has node number %d: %w", lease.Node, err)
	}
	if bytes.Equal(found, mine) {
		return true, nil
	}
	l.mu.Lock()
	lost := l.find(lease) == nil
	start, same := strings.CutPrefix(string(found), loan)
	foreign := same && !slices.Contains(l.starts, start)
	if !lost && !foreign && !l.saved {
		err = l.save()
	}
	l.mu.Unlock()
	switch {
	case foreign:
		l.lose(lease, "a clone of this disk uses it")
		return false, fmt.Errorf("node number %d: %w", lease.Node, homing.ErrConflict)
	case err != nil || lost:
		return false, err
	}
	err = l.commons.PutCommon(ctx, name, found, mine)
	if errors.Is(err, homing.ErrConflict) {
		return false, nil // somebody was faster: the next look tells who
	}
	if err != nil {
		return false, fmt.Errorf("couldn't claim node number %d: %w", lease.Node, err)
	}
	return true, nil
}

// lose gives a number up that somebody else has, and tells whoever mints under it.
func (l *Local) lose(lease ledger.Lease, why string) {
	l.mu.Lock()
	had := l.find(lease) != nil
	l.loans = slices.DeleteFunc(l.loans, func(b *farLoan) bool { return b.Node == lease.Node && b.Token == lease.Token })
	var err error
	if had {
		err = l.save()
	}
	told := slices.Clone(l.told)
	l.mu.Unlock()
	if !had {
		return
	}
	for _, tell := range told {
		tell(lease)
	}
	l.log.Error("a node number was lost, and another one is taken", "node", lease.Node, "why", why)
	if err != nil {
		l.log.Error("it could not be struck out of the file", "node", lease.Node, "error", err)
	}
}

// forgetStarts strikes out the starts of before, when this one has claimed
// everything. What fails is done with the next save.
func (l *Local) forgetStarts() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.loans {
		if b.since.IsZero() {
			return
		}
	}
	if len(l.starts) > 1 {
		l.starts = []string{l.start}
		_ = l.save() // the older list is as good
	}
}

// hasSpare tells whether there is a number at hand beside the one in use.
func (l *Local) hasSpare(now homing.Millis) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.loans, func(b *farLoan) bool { return l.isSpare(b, now) })
}

// isSpare needs l.mu.
func (l *Local) isSpare(b *farLoan, now homing.Millis) bool {
	return (b.Node != l.inUse.Node || b.Token != l.inUse.Token) && b.Used < now && b.Mark > now
}

// giveBack gives one number back that has been idle, if there is another spare one:
// many restarts in a row borrow many.
func (l *Local) giveBack(ctx context.Context, now homing.Millis) error {
	l.mu.Lock()
	var spare, idle *farLoan
	for _, b := range l.loans {
		switch {
		case !l.isSpare(b, now):
		case spare == nil:
			spare = b
		case b.Used < now-homing.MillisIn(idleFor) && !b.Doubt:
			idle = b
		}
	}
	if idle == nil {
		l.mu.Unlock()
		return nil
	}
	before := l.loans
	l.loans = slices.DeleteFunc(slices.Clone(before), func(b *farLoan) bool { return b == idle })
	err := l.save()
	if err != nil {
		l.loans = before
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	// From here on a crash leaves it borrowed for the week, and nobody mints under it.
	return l.lessor.Release(ctx, idle.lease(idle.Mark), idle.Used)
}
