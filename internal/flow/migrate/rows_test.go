package migrate

import (
	"context"
	"errors"
	"math"
	"testing"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
)

func quiet(string, int64, int64) {}

// shaky takes a few batches and then none, but for the last: its answer is lost.
type shaky struct {
	warehouse.Sink
	left int
}

var errShaky = errors.New("the line is cut")

func (s *shaky) Load(ctx context.Context, b *warehouse.Batch) error {
	s.left--
	switch {
	case s.left < 0:
		return errShaky
	case s.left == 0:
		return errors.Join(s.Sink.Load(ctx, b), errShaky)
	}
	return s.Sink.Load(ctx, b)
}

// TestRowsAreTheSameAfterwards moves made-up traffic, through breaks, and asks both
// warehouses the same random questions.
func TestRowsAreTheSameAfterwards(t *testing.T) {
	rng := warehousetest.Random(t)
	world := warehousetest.NewWorld(rng, 700)
	from, to := warehousetest.NewModel(), warehousetest.NewModel()
	for _, b := range world.Batches {
		if err := from.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for breaks := 0; ; breaks++ {
		err := rows(t.Context(), from, &shaky{Sink: to, left: 1 + rng.IntN(3)}, 50, quiet)
		if err == nil {
			break
		}
		if !errors.Is(err, errShaky) || breaks > 200 {
			t.Fatalf("after %d breaks: %v", breaks, err)
		}
	}
	loadLedger(t, from, to)
	warehousetest.Differential(t, world, rng, to, from, warehousetest.Questions(t, 300))
}

// loadLedger does what the new house's loader takes from the ledger.
func loadLedger(t *testing.T, from, to *warehousetest.Model) {
	t.Helper()
	b := &warehouse.Batch{Source: "ledger", Next: 1}
	all := &warehouse.List{Until: math.MaxInt64}
	for c, err := range from.Conversions(t.Context(), all) {
		if err != nil {
			t.Fatal(err)
		}
		b.Conversions = append(b.Conversions, c)
	}
	for p, err := range from.Postbacks(t.Context(), all) {
		if err != nil {
			t.Fatal(err)
		}
		if ofReceipt(&p) {
			b.Postbacks = append(b.Postbacks, p)
		}
	}
	if len(b.Conversions) == 0 || len(b.Postbacks) == 0 {
		t.Fatal("the world has no conversions, or no receipts")
	}
	if err := to.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}
