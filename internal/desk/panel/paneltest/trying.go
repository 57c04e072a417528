package paneltest

import (
	"sync"
	"time"

	"homing"
	"homing/internal/flow/demo"
	"homing/internal/flow/mint"
	"homing/internal/flow/rehearse"
	"homing/internal/flow/trial"
)

// trying is what makes clicks that count nowhere.
type trying struct {
	Trials *trial.Trials
	Court  *rehearse.Court
	Demo   *demo.Demo
}

// openTrying opens it; the demo is filled beside the test.
func (h *House) openTrying() {
	keyring := func() *homing.Keyring { return h.Keyring }
	// Clocks of tests leap.
	minter, err := mint.Open(h.Context(), mint.Options{
		Lessor: h.Ledger, Clock: h.Time, Keyring: keyring, Log: h.log, Test: true, Ahead: 365 * 24 * time.Hour,
	})
	h.Must(err)
	h.Trials = &trial.Trials{Minter: minter, Spool: h.Spool, Masker: h.Catalog.Masker()}
	h.Court = &rehearse.Court{
		View: h.Catalog.View, Keyring: keyring, Books: h.Ledger, Decider: h.Ledger, Journal: h.Journal,
		Masker: h.Catalog.Masker(), Clock: h.Time,
	}
	h.Demo = demo.Open(demo.Options{
		Catalog: h.Catalog, Spool: h.Spool, Decider: h.Ledger, Journal: h.Journal, Keyring: keyring, Clock: h.Time, Log: h.log,
	})
	var filling sync.WaitGroup
	filling.Go(func() { h.Demo.Run(h.Context()) })
	h.T.Cleanup(filling.Wait) // before the stores close
}
