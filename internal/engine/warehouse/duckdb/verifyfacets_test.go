package duckdb_test

import (
	"testing"

	"homing/internal/engine/warehouse"
)

func TestAConversionUnderOtherFacetsThanItsClickIsFound(t *testing.T) {
	w, h := open(t, t.TempDir()), makeHistory()
	h.load(t, w)
	flaws, err := w.Verify(t.Context(), nil)
	must(t, err)
	equal(t, "flaws", len(flaws), 0)

	must(t, w.Blur(t.Context(), 2))
	flaws, err = w.Verify(t.Context(), nil)
	must(t, err)
	equal(t, "flaws", len(flaws), 1)
	equal(t, "flaw", flaws[0].Kind, warehouse.FacetsDiffer)
	equal(t, "day", flaws[0].Day, today)
	equal(t, "words", flaws[0].What, "conversions of that day's clicks stand under other facets than the clicks: conversion 2 (sub1)")

	must(t, w.Erase(t.Context(), warehouse.Erasure{Click: h.click.Origin}))
	flaws, err = w.Verify(t.Context(), nil)
	must(t, err)
	equal(t, "flaws after both were blanked", len(flaws), 0)
}
