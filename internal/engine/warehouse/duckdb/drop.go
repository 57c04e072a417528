package duckdb

import (
	"context"
	"fmt"
	"maps"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// Drop implements warehouse.Keeper.
//
// First it is written down from which day on the table has its rows. From here
// on a crash is harmless: no answer counts rows of before one by one any more,
// and what was not deleted yet the next Drop deletes.
func (w *Warehouse) Drop(ctx context.Context, table warehouse.Table, before warehouse.Day) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	m, err := w.noteDrop(ctx, table, before)
	if err != nil {
		return fmt.Errorf("couldn't drop %s before %s: %w", table, before, err)
	}
	if err := w.deleteDays(ctx, table, m.holdings[table]); err != nil {
		return fmt.Errorf("couldn't drop %s before %s: %w", table, before, err)
	}
	if err := w.dropFiles(table, m.holdings[table]); err != nil {
		return fmt.Errorf("couldn't drop the sealed %s before %s: %w", table, before, err)
	}
	return nil
}

func (w *Warehouse) noteDrop(ctx context.Context, table warehouse.Table, before warehouse.Day) (*memory, error) {
	if err := w.writing.take(ctx); err != nil {
		return nil, err
	}
	defer w.writing.give()
	m, err := w.rememberNow(ctx)
	if err != nil || before <= m.holdings[table] && m.holdings[table] != 0 {
		return m, err
	}
	w.forget()
	name := rawTables[table].name
	_, err = w.child.Write(ctx,
		process.Step{SQL: `DELETE FROM dropped WHERE name = ?`, Args: []any{name}},
		process.Step{SQL: `INSERT INTO dropped SELECT ?, ?::BIGINT`, Args: []any{name, int64(before)}})
	if err != nil {
		return nil, err
	}
	return w.rememberNow(ctx)
}

// deleteDays deletes day by day, so that no transaction is larger than a day.
func (w *Warehouse) deleteDays(ctx context.Context, table warehouse.Table, before warehouse.Day) error {
	name := rawTables[table].name
	for {
		oldest, err := w.oldest(ctx, table, 0)
		if err != nil || oldest == 0 || oldest >= before {
			return err
		}
		if _, err := w.child.Write(ctx, process.Step{SQL: `DELETE FROM ` + name + ` WHERE "at" < ?`,
			Args: []any{int64((oldest + 1).Start())}}); err != nil {
			return err
		}
	}
}

// dropFiles takes a table's files out of the seals. Totals stay.
func (w *Warehouse) dropFiles(table warehouse.Table, before warehouse.Day) error {
	for _, day := range w.archive.days() {
		m := w.archive.find(day)
		if _, ok := m.Files[rawTables[table].name]; !ok || day >= before {
			continue
		}
		next := *m
		next.Files = maps.Clone(m.Files)
		delete(next.Files, rawTables[table].name)
		if err := w.archive.stand(&next); err != nil {
			return err
		}
	}
	return nil
}

// Oldest implements warehouse.Keeper.
func (w *Warehouse) Oldest(ctx context.Context, table warehouse.Table) (warehouse.Day, error) {
	m, err := w.remember(ctx)
	if err != nil {
		return 0, err
	}
	day, err := w.oldest(ctx, table, m.holdings[table])
	if err != nil {
		return 0, fmt.Errorf("couldn't look for the oldest of %s: %w", table, err)
	}
	return day, nil
}

// oldest is the day of the table's first row from a day on, 0 if there is none.
func (w *Warehouse) oldest(ctx context.Context, table warehouse.Table, from warehouse.Day) (day warehouse.Day, err error) {
	where := ""
	if from != 0 {
		where = fmt.Sprintf(` WHERE "at" >= %d`, from.Start())
	}
	err = each(ctx, w.child, func(r *process.Rows) {
		if !r.IsNull(0) {
			day = warehouse.DayAt(homing.Millis(r.Int(0)))
		}
	}, `SELECT min("at") FROM `+rawTables[table].name+where)
	return day, err
}
