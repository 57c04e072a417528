package conversions_test

import (
	"context"
	"iter"

	"homing"
	"homing/internal/engine/warehouse"
)

// away is a warehouse that cannot be asked just now.
type away struct{ warehouse.Source }

func (away) Ask(context.Context, *warehouse.Query) (*warehouse.Answer, error) {
	return nil, homing.ErrUnavailable
}

func (away) Clicks(context.Context, *warehouse.List) iter.Seq2[warehouse.Click, error] {
	return func(yield func(warehouse.Click, error) bool) { yield(warehouse.Click{}, homing.ErrUnavailable) }
}

func (away) Conversions(context.Context, *warehouse.List) iter.Seq2[warehouse.Conversion, error] {
	return func(yield func(warehouse.Conversion, error) bool) {
		yield(warehouse.Conversion{}, homing.ErrUnavailable)
	}
}
