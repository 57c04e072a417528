package app

import (
	"fmt"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/duckdb"
)

// openStore is where the embedded warehouse or one on servers is chosen. Neither is
// waited for.
func (h *house) openStore(cfg *Config) (warehouse.Warehouse, error) {
	if cfg.Warehouse != "" {
		store, err := clickhouse.Open(clickhouse.Options{URL: cfg.Warehouse, Clock: h.clock, Log: h.log})
		if err != nil {
			return nil, fmt.Errorf("--warehouse: %w", err)
		}
		return store, nil
	}
	return await(func() (warehouse.Warehouse, error) {
		w, err := duckdb.Open(duckdb.Options{
			Dir: h.dir.file(warehouseDir), Memory: int64(h.memory.reports), Threads: cfg.WarehouseThreads,
			Silence: cfg.WarehouseSilence, Clock: h.clock, Log: h.log,
		})
		if err != nil {
			return nil, err // not w, which as a warehouse.Warehouse would not be nil
		}
		return w, nil
	}, openEvery, h.clock, h.log), nil
}
