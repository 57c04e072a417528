package app

import "homing/internal/flow/compare"

// comparer lays the numbers of other trackers beside ours.
func (h *house) comparer() *compare.Comparer {
	return &compare.Comparer{
		Books: h.ledger, Journal: h.journal, Warehouse: h.reporting.warehouse, Reports: h.reporting.engine, View: h.catalog.View,
		Keyring: h.keyring, Masker: h.catalog.Masker(), Clock: h.clock,
	}
}
