// Package warehousetest is the conformance suite of the warehouse's contract,
// with a model of it in memory. Every implementation runs it; what it asks is
// what package warehouse promises.
//
//	func TestWarehouse(t *testing.T) {
//		warehousetest.Run(t, func(t testing.TB) warehouse.Warehouse { … })
//	}
//
//	World  ── batches ──► warehouse, Model
//	Query  ── at random ──► Ask of both ──► every cell alike
package warehousetest
