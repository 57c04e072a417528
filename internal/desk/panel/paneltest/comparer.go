package paneltest

import (
	"homing"
	"homing/internal/flow/compare"
	"homing/internal/flow/trace"
)

// Tracer tells the stories of the house's clicks.
func (h *House) Tracer() *trace.Tracer {
	return &trace.Tracer{
		Spool: h.Spool, Books: h.Ledger, Journal: h.Journal, View: h.Catalog.View, Keyring: func() *homing.Keyring { return h.Keyring },
		Clock: h.Time, Warehouse: h.Warehouse, Masker: h.Catalog.Masker(),
	}
}

// Comparer compares with the house's numbers.
func (h *House) Comparer() *compare.Comparer {
	return &compare.Comparer{
		Books: h.Ledger, Journal: h.Journal, Warehouse: h.Warehouse, Reports: h.Reports, View: h.Catalog.View,
		Keyring: func() *homing.Keyring { return h.Keyring }, Masker: h.Catalog.Masker(), Clock: h.Time,
	}
}
