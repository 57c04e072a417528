package clickhouse

import (
	"context"

	"homing"
)

// Restless has each statement carried out by another host than the one before.
func (w *Warehouse) Restless() { w.client.Restless = true }

// Look brings the status up to date.
func (w *Warehouse) Look() { w.look(true) }

// ClickSQL is the statement that looks for a click.
func (w *Warehouse) ClickSQL(ctx context.Context, o homing.Origin) (string, error) {
	_, st, err := w.read(ctx)
	if err != nil {
		return "", err
	}
	return st.versionsOf(o), nil
}
