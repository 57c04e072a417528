package duckdb

import (
	"context"
	"fmt"
	"maps"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// sealTries is how often a day is written while rows of it keep coming, before
// loads have to wait.
const sealTries = 3

// Seal implements warehouse.Keeper.
//
// Its files must be of one moment, together with the marks. Holding up loads
// for as long as a day is written would be the plain way; here loads go on, and
// if one brought rows of the day meanwhile, the day is written again.
func (w *Warehouse) Seal(ctx context.Context, day warehouse.Day) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	if err := w.seal(ctx, day); err != nil {
		return fmt.Errorf("couldn't seal %s: %w", day, err)
	}
	return nil
}

// seal is Seal for who holds keeping.
func (w *Warehouse) seal(ctx context.Context, day warehouse.Day) error {
	for try := 1; ; try++ {
		done, err := w.trySeal(ctx, day, try == sealTries)
		if done || err != nil {
			return err
		}
	}
}

// trySeal writes the day once. It is not done if rows of the day came meanwhile,
// which cannot be when loads are held up.
func (w *Warehouse) trySeal(ctx context.Context, day warehouse.Day, holdLoads bool) (done bool, err error) {
	if err := w.writing.take(ctx); err != nil {
		return false, err
	}
	held := true
	release := func() {
		if held {
			held = false
			w.writing.give()
		}
	}
	defer release()
	m, err := w.rememberNow(ctx)
	if err != nil {
		return false, err
	}
	gone, touches := m.erased.copied(), w.touches.of(day)
	through, err := w.allMarks(ctx)
	if err != nil {
		return false, err
	}
	if !holdLoads {
		release()
	}
	s := &sealing{w: w, day: day, old: w.archive.find(day), holdings: m.holdings, lost: m.lost, erased: gone}
	next, err := s.write(ctx, through)
	if err != nil {
		s.discard()
		return false, err
	}
	if w.touches.of(day) != touches {
		s.discard()
		return false, nil
	}
	if err := w.archive.stand(next); err != nil {
		return false, err
	}
	if !held {
		if err := w.writing.take(ctx); err != nil {
			return false, err
		}
		held = true
	}
	return true, w.noteSeal(ctx, day, w.touches.of(day) == touches)
}

// noteSeal has the seal stand, unless rows of its day have come since.
func (w *Warehouse) noteSeal(ctx context.Context, day warehouse.Day, stands bool) error {
	m, err := w.rememberNow(ctx)
	if err != nil {
		return err
	}
	w.forget()
	steps := sealedSteps(day, stands)
	awaiting := m.lost.awaits(day)
	if awaiting { // who has a day sealed has all of it
		steps = append(steps, process.Step{SQL: `DELETE FROM missing WHERE first = ? AND state = ?`, Args: []any{int64(day), int64(awaited)}})
	}
	if _, err := w.child.Write(ctx, steps...); err != nil {
		return err
	}
	if awaiting {
		_, err := w.rememberNow(ctx)
		return err
	}
	m.sealed[day] = stands
	w.memory.Store(m)
	return nil
}

func sealedSteps(day warehouse.Day, stands bool) []process.Step {
	return []process.Step{
		{SQL: `DELETE FROM sealed WHERE day = ?`, Args: []any{int64(day)}},
		{SQL: `INSERT INTO sealed SELECT ?, ?::BIGINT`, Args: []any{int64(day), oneIf(stands)}},
	}
}

func oneIf(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

func (w *Warehouse) allMarks(ctx context.Context) (map[string]uint64, error) {
	through := map[string]uint64{}
	err := each(ctx, w.child, func(r *process.Rows) { through[r.Text(0)] = uint64(r.Int(1)) }, `SELECT source, next FROM marks`)
	return through, err
}

// Seals implements warehouse.Keeper.
func (w *Warehouse) Seals(ctx context.Context) (seals []warehouse.Seal, err error) {
	if _, err := w.remember(ctx); err != nil {
		return nil, err
	}
	err = each(ctx, w.child, func(r *process.Rows) {
		if m := w.archive.find(warehouse.Day(r.Int(0))); m != nil && m.hasRows() {
			s := m.seal()
			s.Through = maps.Clone(s.Through)
			seals = append(seals, s)
		}
	}, `SELECT day FROM sealed WHERE stands = 1 ORDER BY day`)
	if err != nil {
		return nil, fmt.Errorf("couldn't list the sealed days: %w", err)
	}
	return seals, nil
}
