package main

import (
	"context"
	"fmt"
	"time"

	"homing/internal/engine/warehouse"
)

// sealedDate is a day in the middle of the month.
var sealedDate = warehouse.Day(time.Date(2026, 10, 14, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))

// sealDay archives a day, or takes the seal of an earlier run.
func (b *bench) sealDay(ctx context.Context) error {
	b.progress.Begin("sealing %s", sealedDate)
	began := b.now()
	if !b.sealed(ctx) {
		if err := b.warehouse.Seal(ctx, sealedDate); err != nil {
			return fmt.Errorf("couldn't seal %s: %w", sealedDate, err)
		}
		b.sealing = b.now().Sub(began)
		if !b.sealed(ctx) {
			b.disagree("%s was sealed and is not among the sealed days", sealedDate)
		}
	}
	return ctx.Err()
}

func (b *bench) sealed(ctx context.Context) bool {
	seals, err := b.warehouse.Seals(ctx)
	if err != nil {
		b.disagree("couldn't list the sealed days: %v", err)
	}
	for _, s := range seals {
		if s.Day == sealedDate {
			b.seal = s
			return true
		}
	}
	return false
}
