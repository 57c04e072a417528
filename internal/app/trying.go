package app

import (
	"context"
	"time"

	"homing"
	"homing/internal/desk/panel/tryout"
	"homing/internal/flow/demo"
	"homing/internal/flow/mint"
	"homing/internal/flow/rehearse"
	"homing/internal/flow/trial"
)

// openTrying opens what makes clicks that count nowhere: a second minter, of test
// ids, and the demo advertiser. An edge has nobody who tries anything, and leaves the
// few numbers for test ids to desks.
func (s *server) openTrying(ctx context.Context) (err error) {
	if !s.cfg.shows() {
		return nil
	}
	h := s.house
	s.testMinter, err = mint.Open(ctx, mint.Options{Lessor: h.ledger, Clock: s.clock, Keyring: h.keyring, Log: s.log, Test: true, Patient: true})
	if err != nil {
		return err
	}
	o := demo.Options{
		Catalog: h.catalog, Spool: h.spool, Decider: h.ledger, Journal: h.journal, Keyring: h.keyring, Clock: s.clock, Log: s.log,
	}
	if keep := time.Duration(s.cfg.KeepClicks); keep > 0 { // older days would be given up at once
		o.Days = max(int(keep/(24*time.Hour)), 1)
	}
	s.demo = demo.Open(o)
	return nil
}

// runTrying keeps both going until ctx is done.
func (s *server) runTrying(ctx context.Context) {
	if !s.cfg.shows() {
		return
	}
	s.house.beside(func() { s.testMinter.Keep(ctx) })
	s.house.beside(func() { s.demo.Run(ctx) })
}

// tryout is what its screen reaches.
func (s *server) tryout() tryout.Options {
	h := s.house
	return tryout.Options{
		Trials:  &trial.Trials{Minter: s.testMinter, Spool: h.spool, Masker: h.catalog.Masker()},
		Court:   s.court(),
		Keyring: h.keyring,
	}
}

// court rehearses calls.
func (s *server) court() *rehearse.Court { return s.house.court(s.minter.Node) }

func (h *house) court(node func() homing.NodeID) *rehearse.Court {
	return &rehearse.Court{
		View: h.catalog.View, Keyring: h.keyring, Books: h.ledger, Decider: h.ledger, Journal: h.journal,
		Masker: h.catalog.Masker(), Clock: h.clock, Node: node,
	}
}
