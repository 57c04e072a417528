package app

import (
	"context"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/flow/cluster"
)

// A master key is good for ids of its own time, and only under it they are looked
// for. So one that is made by a wrong clock does harm: a key of the year 2036
// disowns every id that a clock still further ahead has minted before, and keeps
// the next yearly one, and one made by hand, from being made for ten years. The
// yearly key is made by a clock that is steady, as days are given up (see package
// loader), never at a start; and it begins behind every moment that an id may
// carry already, which the ledger's loans of node numbers tell.

const (
	// renewEvery is how often is looked whether the yearly master key is due.
	renewEvery = 10 * time.Minute
	// renewAhead is how far ahead a new key may begin. Loans go ahead by seconds, by
	// an hour if visitors are sent on without a disk; what lies further ahead comes
	// from a clock that was wrong.
	renewAhead = 24 * time.Hour
)

// nextKeyFrom is when a master key that is made now may begin. If none can be made
// yet, waits tells why.
func (h *house) nextKeyFrom(ctx context.Context, now homing.Millis) (from homing.Millis, waits string, err error) {
	if h.reporting == nil || !h.reporting.loader.ClockIsSteady() {
		return 0, "the clock has not gone on for two days without a step while homing ran", nil
	}
	loans, err := h.ledger.Loans(ctx)
	if err != nil {
		return 0, "", fmt.Errorf("couldn't list the node numbers: %w", err)
	}
	if h.member != nil {
		from, waits = cluster.KeyFrom(loans, now)
	} else {
		from, waits = keyBehind(loans, now)
	}
	return from, waits, nil
}

// keyBehind is the same for a clock that is steady.
func keyBehind(loans []ledger.Loan, now homing.Millis) (from homing.Millis, waits string) {
	from = now + homing.MillisIn(masterKeyNotice)
	for _, l := range loans {
		from = max(from, l.Mark+1)
	}
	if from > now+homing.MillisIn(renewAhead) {
		return 0, fmt.Sprintf("click ids may have times up to %s, from a clock that was ahead", from-1)
	}
	return from, ""
}

// keepKeyring makes the yearly master key when it is due, until ctx is done.
func (h *house) keepKeyring(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	told := ""
	for {
		if err := h.noteRenewal(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("couldn't note a master key in the audit log", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		from, waits, err := h.nextKeyFrom(ctx, homing.MillisOf(h.clock()))
		if err == nil {
			err = h.renewKeyring(ctx, from)
		}
		if err != nil && ctx.Err() == nil {
			h.log.Error("couldn't look after the master keys", "error", err)
		}
		if waits != told && waits != "" {
			h.log.Info("master keys are not renewed for the time being", "why", waits)
		}
		told = waits
	}
}
