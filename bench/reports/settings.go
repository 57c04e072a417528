package main

import (
	"context"
	"fmt"
	"time"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/ledger"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/flow/report"
)

// settings is a ledger that holds the world's accounts and campaigns, and is
// asked for nothing else.
type settings struct {
	ledger.Settings
	world *traffic.World
}

func (s settings) Snapshot(context.Context) (*ledger.Snapshot, error) {
	return &ledger.Snapshot{Version: 1, Accounts: s.world.Accounts, Campaigns: s.world.Campaigns}, nil
}

// reporter is the report engine as the doors have it.
func reporter(ctx context.Context, source warehouse.Source, world *traffic.World, end homing.Millis) (*report.Engine, error) {
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001"})
	if err != nil {
		return nil, err
	}
	keyring := func() *homing.Keyring { return ring }
	clock := func() time.Time { return end.Time() }
	books, err := catalog.Open(ctx, catalog.Options{Ledger: settings{world: world}, Clock: clock, Keyring: keyring})
	if err != nil {
		return nil, fmt.Errorf("couldn't make the catalog: %w", err)
	}
	return &report.Engine{
		Warehouse: source, View: books.View, Keyring: keyring, Clock: clock,
		Fresh: func() homing.Millis { return end },
	}, nil
}
