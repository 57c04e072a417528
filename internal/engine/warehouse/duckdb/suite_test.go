package duckdb_test

import (
	"testing"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
)

func TestSuite(t *testing.T) {
	warehousetest.Run(t, func(t testing.TB) warehouse.Warehouse { return open(t, t.TempDir()) })
}
