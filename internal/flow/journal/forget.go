package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"homing"
	"homing/internal/engine/ledger"
)

// erased is what was erased: whole accounts, and single clicks.
type erased struct {
	accounts map[homing.AccountID]bool
	clicks   map[homing.Origin]bool
	last     int64 // the number of the last erasure
}

func newErased() *erased {
	return &erased{accounts: map[homing.AccountID]bool{}, clicks: map[homing.Origin]bool{}}
}

func (s *erased) add(e ledger.Erasure) {
	if e.Account != 0 {
		s.accounts[e.Account] = true
	} else {
		s.clicks[e.Click] = true
	}
	s.last = max(s.last, e.Number)
}

// join adds what another set has.
func (s *erased) join(other *erased) {
	maps.Copy(s.accounts, other.accounts)
	maps.Copy(s.clicks, other.clicks)
	s.last = max(s.last, other.last)
}

func (s *erased) has(e *Entry) bool {
	return s.accounts[e.Account] || e.Origin != homing.Origin{} && s.clicks[e.Origin]
}

// everErased reads what was erased after an erasure.
func (j *Journal) everErased(ctx context.Context, after int64) (*erased, error) {
	const atOnce = 1000
	set := newErased()
	set.last = after
	for {
		list, err := j.books.Erasures(ctx, set.last, atOnce)
		if err != nil {
			return nil, fmt.Errorf("couldn't read what was erased: %w", err)
		}
		for _, e := range list {
			set.add(e)
		}
		if len(list) < atOnce {
			return set, nil
		}
	}
}

// Forget drops out of memory what is kept of an account, or of a click, that was
// erased just now. The stores are others' to clean.
func (j *Journal) Forget(e ledger.Erasure) {
	set := newErased()
	set.add(e)
	j.recent.forgetAlways(set)
}

func (r *recent) forget(set *erased) {
	gone := func(e Entry) bool { return set.has(&e) }
	r.mu.Lock()
	defer r.mu.Unlock()
	r.older = slices.DeleteFunc(r.older, gone)
	if !slices.ContainsFunc(r.ring, gone) {
		return
	}
	// In order again: what is overwritten next has to be the oldest.
	if len(r.ring) == keepRecent {
		r.ring = append(slices.Clone(r.ring[r.next:]), r.ring[:r.next]...)
	}
	r.ring = slices.DeleteFunc(r.ring, gone)
	r.next = len(r.ring) % keepRecent
}
