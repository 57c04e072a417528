// Package report answers what happened: one question for panel, API and command
// line, asked of the warehouse and answered as a table, a list or a file.
//
//	parameters ──► Parse ──► Question ──► Engine.Report ──► Table (JSON, text)
//	                                  └─► Engine.Export ──► CSV, JSON lines, Parquet
//	parameters ──► ParseList ──► ListQuestion ──► Engine.Clicks, … ──► Page
//	                                          └─► Engine.ExportList ──► the same files
//
// What it keeps to: amounts and ratios are exact and rounded once, half to even,
// when they are written, and no float is involved. What a Scope does not cover is
// answered as if it did not exist. A wrong question is told as Faults, all of
// them at once.
package report

import (
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
	"homing/internal/rule/mask"
)

// Scope is what of the installation an asker may see.
type Scope struct {
	Account   homing.AccountID // 0 = everything
	HideMoney bool             // no values, prices, costs and what follows from them
}

// Defaults are what a question takes for granted.
type Defaults struct {
	Now  homing.Millis
	Zone *time.Location // if the question names none; nil is UTC
	// MaxLimit is the largest limit of a list; 0 = MaxPage.
	MaxLimit int
}

// Engine answers questions. It is safe for concurrent use.
type Engine struct {
	Warehouse warehouse.Source
	View      func() *catalog.View
	Keyring   func() *homing.Keyring
	// Masker takes out keys that became known after they were recorded; nil =
	// nothing is done.
	Masker *mask.Masker
	// Fresh tells up to when everything has been loaded; 0 = nothing yet.
	Fresh func() homing.Millis
	Clock homing.Clock
}

// Progress is told how many rows have been written so far.
type Progress func(rows int64)
