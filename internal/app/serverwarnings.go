package app

import (
	"context"
	"time"

	"homing/internal/engine/ledger"
)

// warningsEvery is how often the ledger's server is asked by which of its settings it
// may lose something.
const warningsEvery = time.Minute

// keepWarnings asks until ctx is done, so that nobody has to wait to tell.
func (h *house) keepWarnings(ctx context.Context) {
	warner, ok := h.ledger.(ledger.Warner)
	if !ok {
		return
	}
	tick := time.NewTicker(warningsEvery)
	defer tick.Stop()
	for {
		if h.pulse.err() == nil {
			short, cancel := context.WithTimeout(ctx, pulsePatience)
			list := warner.Warnings(short)
			if short.Err() == nil {
				h.warnings.Store(&list)
			}
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// serverWarnings are what was told last.
func (h *house) serverWarnings() []string {
	if list := h.warnings.Load(); list != nil {
		return *list
	}
	return nil
}
