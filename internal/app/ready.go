package app

import (
	"errors"
	"fmt"
)

// ready says why requests should go elsewhere.
func (s *server) ready() error {
	if s.draining.Load() {
		return errors.New("ending")
	}
	return s.undurable()
}

// undurable says why clicks or postbacks cannot be made durable; nil if they
// can, as far as is known.
func (s *server) undurable() error {
	if !s.cfg.tracks() {
		// A desk takes no clicks, and can show nothing without the ledger.
		if err := s.house.pulse.err(); err != nil {
			return fmt.Errorf("the ledger cannot be reached: %w", err)
		}
		return nil
	}
	// The loan of the node number is prolonged every two seconds, durably: it
	// fails when the disk is full or hangs, as postbacks then do.
	if err := s.minter.Trouble(); err != nil {
		return fmt.Errorf("nothing can be made durable: %w", err)
	}
	// The last room of a disk is left to the ledger, so that clicks may be refused
	// while postbacks are still taken.
	if err := s.house.spool.Trouble(); err != nil {
		return fmt.Errorf("no click can be recorded: %w", err)
	}
	return nil
}

// publicNotices are what whoever asks an edge may hear beside how requests arrive.
func (s *server) publicNotices() []string {
	if s.house.pulse.err() != nil {
		return []string{"the ledger cannot be reached: postbacks are answered 503 until it is back; clicks go on"}
	}
	return nil
}

// troubles are what is wrong now, in words.
func (s *server) troubles() []string {
	list := append(s.edge.Notices(), s.clusterTroubles()...)
	list = append(list, s.house.ledger.Damage()...)
	list = append(list, s.house.reporting.troubles()...)
	for _, d := range s.house.spool.Damage() {
		list = append(list, fmt.Sprintf("%s is damaged at byte %d (%s): records %s to %s cannot be read",
			d.File, d.Offset, d.Cause, d.First, d.Next))
	}
	return list
}
