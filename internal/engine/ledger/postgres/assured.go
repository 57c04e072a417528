package postgres

import (
	"context"
	"sync"
	"sync/atomic"
)

// A row may be visible on the primary and on no standby: its wait for the standby was
// cancelled, by whomever (then the server ends the transaction all the same), or
// the primary was started anew in between. Nobody was told of it, and a promotion
// loses it. Whoever reads it to build on it would be told of what never was: a
// warehouse would keep a conversion that the ledger has lost, and pass over the one
// that gets its number next; an edge would mint ids of a campaign whose number is
// another's; secrets would be sealed with a master key that is gone.
//
// So what others build on (changes, erasures, settings, what the nodes share) is
// told after a commit of our own, which waits for disk and standby like any other:
// the standby has everything before it, then. What was assured once is remembered,
// so that only news cost it. Lists, which people look at, go without.

// assurance is what this node knows to be replicated.
type assurance struct {
	change, erasure, version atomic.Int64 // up to these numbers

	mu      sync.Mutex
	commons map[string]string // under mu; values by name
}

// lockBarrier writes to the server's log, if only that the row was locked: a
// transaction that wrote nothing waits for nobody.
const lockBarrier = "SELECT one FROM barrier WHERE one = 1 FOR UPDATE"

// barrier returns when everything that was visible before is replicated.
func (l *Ledger) barrier(ctx context.Context) error {
	_, err := l.write(ctx, lockBarrier)
	return err
}

// Numbers that grow in commit order, of which highest reads the last.
const (
	highestChange  = "SELECT coalesce(max(number), 0) FROM changes"
	highestErasure = "SELECT coalesce(max(number), 0) FROM erased"
)

// assure returns when all numbers up to the given one are replicated. It sees to
// all there are at once, so that who catches up waits once.
func (l *Ledger) assure(ctx context.Context, known *atomic.Int64, upTo int64, highest string) error {
	if upTo <= known.Load() {
		return nil
	}
	var seen int64
	err := l.read(ctx, func(ctx context.Context, q querier) error { return q.QueryRow(ctx, highest).Scan(&seen) })
	if err == nil {
		err = l.barrier(ctx)
	}
	if err != nil {
		return err
	}
	for old := known.Load(); old < seen && !known.CompareAndSwap(old, seen); old = known.Load() {
	}
	return nil
}

// assureVersion is the same for the version of settings, which may be lower after
// a promotion.
func (l *Ledger) assureVersion(ctx context.Context, version int64) error {
	if version == l.assured.version.Load() {
		return nil
	}
	if err := l.barrier(ctx); err != nil {
		return err
	}
	l.assured.version.Store(version)
	return nil
}

// assureCommon is the same for a shared value.
func (l *Ledger) assureCommon(ctx context.Context, name, value string) error {
	a := &l.assured
	a.mu.Lock()
	known, ok := a.commons[name]
	a.mu.Unlock()
	if ok && known == value {
		return nil
	}
	if err := l.barrier(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.commons == nil || len(a.commons) >= mostCommons {
		a.commons = map[string]string{}
	}
	a.commons[name] = value
	return nil
}

// mostCommons bounds what is remembered of shared values.
const mostCommons = 100
