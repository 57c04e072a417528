package home_test

import (
	"context"
	"fmt"
	"iter"

	"homing"
	"homing/internal/engine/warehouse"
)

// nowhere is a warehouse that is away.
type nowhere struct{ warehouse.Source }

func (nowhere) Clicks(context.Context, *warehouse.List) iter.Seq2[warehouse.Click, error] {
	return func(yield func(warehouse.Click, error) bool) {
		yield(warehouse.Click{}, fmt.Errorf("the warehouse is away: %w", homing.ErrUnavailable))
	}
}
