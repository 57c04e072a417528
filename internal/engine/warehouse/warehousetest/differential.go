package warehousetest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
)

// Questions is how many random questions a test asks: n, or as many as the
// environment's HOMING_TEST_QUESTIONS says.
func Questions(t testing.TB, n int) int {
	text := os.Getenv("HOMING_TEST_QUESTIONS")
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("HOMING_TEST_QUESTIONS: %v", err)
	}
	return n
}

// Random is the source of chance of a test, told by its seed:
// HOMING_TEST_SEED, or 1.
func Random(t testing.TB) *rand.Rand {
	seed := uint64(1)
	if text := os.Getenv("HOMING_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("HOMING_TEST_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// Differential asks n random questions about a world of two warehouses that
// have loaded it, and compares every cell of every answer.
func Differential(t testing.TB, w *World, rng *rand.Rand, got, want warehouse.Source, n int) {
	t.Helper()
	for i := range n {
		q := w.Question(rng)
		if i%3 == 0 {
			name(t, rng, want, q)
		}
		sameAnswer(t, got, want, q)
		if i%8 == 0 {
			sameStream(t, got, want, q)
		}
		if i%4 == 0 {
			sameLists(t, w, rng, got, want)
		}
		if t.Failed() {
			t.Fatalf("at question %d", i)
		}
	}
}

// name makes a query be about some of the groups that there are, and some that
// are not, or about all others.
func name(t testing.TB, rng *rand.Rand, s warehouse.Source, q *warehouse.Query) {
	if len(q.By) == 0 {
		return
	}
	all, err := s.Ask(t.Context(), q)
	if err != nil || len(all.Rows) == 0 {
		return
	}
	pick := func() (groups [][]warehouse.Key) {
		for range rng.IntN(5) {
			keys := append([]warehouse.Key(nil), all.Rows[rng.IntN(len(all.Rows))].Keys...)
			if i := rng.IntN(len(keys)); rng.IntN(3) == 0 {
				keys[i] = all.Rows[rng.IntN(len(all.Rows))].Keys[i]
			}
			groups = append(groups, keys)
		}
		return groups
	}
	if rng.IntN(2) == 0 {
		q.Only = pick()
	}
	if rng.IntN(2) == 0 {
		q.Except = pick()
	}
}

func sameAnswer(t testing.TB, a, b warehouse.Source, q *warehouse.Query) {
	t.Helper()
	got, err := a.Ask(t.Context(), q)
	if err != nil {
		t.Errorf("%s: %v", describe(q), err)
		return
	}
	want, err := b.Ask(t.Context(), q)
	if err != nil {
		t.Errorf("%s: the model: %v", describe(q), err)
		return
	}
	for i := range max(len(got.Rows), len(want.Rows)) {
		if i >= len(got.Rows) || i >= len(want.Rows) || !reflect.DeepEqual(got.Rows[i], want.Rows[i]) {
			t.Errorf("%s: %d rows, want %d; row %d:\n got  %v\n want %v", describe(q), len(got.Rows), len(want.Rows), i, at(got.Rows, i), at(want.Rows, i))
			return
		}
	}
	if !reflect.DeepEqual(got.Total, want.Total) {
		t.Errorf("%s: total\n got  %v\n want %v", describe(q), got.Total, want.Total)
	}
	if got.More != want.More {
		t.Errorf("%s: more is %v", describe(q), got.More)
	}
	if fmt.Sprint(got.Gaps) != fmt.Sprint(want.Gaps) {
		t.Errorf("%s: gaps\n got  %v\n want %v", describe(q), got.Gaps, want.Gaps)
	}
}

func at[R any](rows []R, i int) string {
	if i >= len(rows) {
		return "none"
	}
	return fmt.Sprintf("%+v", rows[i])
}

func describe(q *warehouse.Query) string {
	asked := []warehouse.Measure{}
	for m := range warehouse.Measure(warehouse.MeasureCount) {
		if q.Measures.Has(m) {
			asked = append(asked, m)
		}
	}
	return fmt.Sprintf("%v of %v, %v to %v, zone %v, basis %d, where %v, order %+v, limit %d, only %v, except %v",
		asked, q.By, q.From, q.Until, q.Zone, q.Basis, q.Where, q.Order, q.Limit, q.Only, q.Except)
}

func sameStream(t testing.TB, a, b warehouse.Source, q *warehouse.Query) {
	t.Helper()
	sameRows(t, "stream of "+describe(q), a.Stream(t.Context(), q), b.Stream(t.Context(), q))
}

func sameLists(t testing.TB, w *World, rng *rand.Rand, a, b warehouse.Source) {
	t.Helper()
	ctx := t.Context()
	l := w.List(rng, warehouse.ClickTable)
	sameRows(t, fmt.Sprintf("clicks %+v", *l), a.Clicks(ctx, l), b.Clicks(ctx, l))
	l = w.List(rng, warehouse.PostbackTable)
	sameRows(t, fmt.Sprintf("postbacks %+v", *l), a.Postbacks(ctx, l), b.Postbacks(ctx, l))
	l = w.List(rng, warehouse.ConversionTable)
	sameRows(t, fmt.Sprintf("conversions %+v", *l), a.Conversions(ctx, l), b.Conversions(ctx, l))
	origin := w.clicks[rng.IntN(len(w.clicks))].Origin
	sameClick(ctx, t, a, b, origin)
	origin.Seq++
	sameClick(ctx, t, a, b, origin)
}

func sameClick(ctx context.Context, t testing.TB, a, b warehouse.Source, origin homing.Origin) {
	t.Helper()
	got, gotErr := a.Click(ctx, origin)
	want, wantErr := b.Click(ctx, origin)
	if (gotErr == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("click %+v\n got  %+v, %v\n want %+v, %v", origin, got, gotErr, want, wantErr)
	}
}

func sameRows[R any](t testing.TB, what string, a, b iter.Seq2[R, error]) {
	t.Helper()
	got, err := collect(a)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	want, err := collect(b)
	if err != nil {
		t.Errorf("%s: the model: %v", what, err)
		return
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: %d rows, want %d; row %d:\n got  %s\n want %s", what, len(got), len(want), i, at(got, i), at(want, i))
			return
		}
	}
}

func collect[R any](rows iter.Seq2[R, error]) (all []R, err error) {
	for row, err := range rows {
		if err != nil {
			return all, err
		}
		all = append(all, row)
	}
	return all, nil
}
