package duckdb

import (
	"context"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// SettleBlocksOf makes blocks of so few clicks that tests see many. It must be
// called before anything is loaded.
func (w *Warehouse) SettleBlocksOf(rows int) { w.settler.rows.Store(int64(rows)) }

// SettleNow settles what there is.
func (w *Warehouse) SettleNow(ctx context.Context) error { return w.settleBlocks(ctx) }

// Layout lists the clicks in the order in which they lie.
func (w *Warehouse) Layout(ctx context.Context) (places []homing.Origin, err error) {
	err = each(ctx, w.child, func(r *process.Rows) { places = append(places, readOrigin(&cells{rows: r})) },
		`SELECT "at", node, seq, campaign FROM clicks ORDER BY rowid`)
	return places, err
}

// Blur gives a conversion a sub parameter that its click does not have.
func (w *Warehouse) Blur(ctx context.Context, id homing.ConversionID) error {
	_, err := w.child.Write(ctx, process.Step{SQL: `UPDATE conversions SET sub1 = 'blurred' WHERE id = ?`, Args: []any{int64(id)}})
	return err
}

// Double stores the clicks of a day once more, as no load would.
func (w *Warehouse) Double(ctx context.Context, day warehouse.Day) error {
	_, err := w.child.Write(ctx, process.Step{SQL: `INSERT INTO clicks SELECT * FROM clicks WHERE "at" >= ? AND "at" < ?`,
		Args: []any{int64(day.Start()), int64((day + 1).Start())}})
	return err
}
