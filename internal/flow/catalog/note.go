package catalog

import (
	"context"
	"fmt"

	"homing/internal/engine/ledger"
)

// Note writes into the audit log what somebody does that changes no setting.
func (c *Catalog) Note(ctx context.Context, by string, n ledger.Note) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.changing.Unlock()
	if err := c.change(ctx, by, n); err != nil {
		return fmt.Errorf("couldn't write %s into the audit log: %w", n.Action, err)
	}
	return nil
}
