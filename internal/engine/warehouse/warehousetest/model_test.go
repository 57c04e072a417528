package warehousetest

import (
	"testing"

	"homing/internal/engine/warehouse"
)

// TestModel holds the model to the contract, too.
func TestModel(t *testing.T) {
	Run(t, func(testing.TB) warehouse.Warehouse { return NewModel() })
}
