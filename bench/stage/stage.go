// Package stage sets the stage for benchmarks of what reads a spool and a
// ledger: it writes made traffic into both, as the doors do.
//
//	traffic.Round ──► clicks, duplicates, refusals ──► spool
//	              └─► claims with their receipts, decisions ──► ledger
package stage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"homing"
	"homing/bench/reports/traffic"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
)

// Stage is where traffic is written to. The ledger must be empty but for
// settings.
type Stage struct {
	Spool   spool.Spool
	Books   ledger.Decider
	Keyring func() *homing.Keyring
	// Told, if given, sees every round after it was written, with the numbers
	// that the ledger gave to its conversions.
	Told func(*traffic.Round)

	buf  []byte
	rows int64
	free int // records that may yet be written behind before one is waited for
	left int // records of the round
	// numbers are the ledger's, by the traffic's.
	numbers map[homing.ConversionID]homing.ConversionID
}

// behind is how many records are written before one is waited for: what is
// written behind is bounded.
const behind = 512

// Write writes a whole stream down, and tells how many rows are to come of it.
func (s *Stage) Write(ctx context.Context, stream *traffic.Stream, progress func(clicks int64)) (rows int64, err error) {
	s.numbers = map[homing.ConversionID]homing.ConversionID{}
	clicks := int64(0)
	for round := range stream.Rounds {
		if err := s.claim(ctx, &round.Ledger); err != nil {
			return s.rows, fmt.Errorf("couldn't write conversions down: %w", err)
		}
		if err := s.record(&round.Spool); err != nil {
			return s.rows, fmt.Errorf("couldn't write clicks down: %w", err)
		}
		if s.Told != nil {
			s.Told(round)
		}
		clicks += int64(len(round.Spool.Clicks))
		progress(clicks)
		stream.Give(round)
	}
	return s.rows, nil
}

// record writes what a round has for the spool, in the order of its times.
func (s *Stage) record(b *warehouse.Batch) error {
	var click homing.Click
	calls := b.Postbacks
	s.left = len(b.Clicks) + len(calls)
	for i := range b.Clicks {
		row := &b.Clicks[i]
		for len(calls) > 0 && calls[0].At <= row.Time {
			if err := s.call(&calls[0].Postback); err != nil {
				return err
			}
			calls = calls[1:]
		}
		ClickOf(&click, row, i)
		s.buf = homing.AppendClick(s.buf[:0], &click)
		if err := s.append(spool.KindClick, row.Time); err != nil {
			return err
		}
	}
	for i := range calls {
		if err := s.call(&calls[i].Postback); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) call(p *homing.Postback) error {
	s.sign(p)
	p.Conversion = s.numbers[p.Conversion]
	s.buf = homing.AppendPostback(s.buf[:0], p)
	return s.append(spool.KindPostback, p.At)
}

func (s *Stage) append(kind spool.Kind, at homing.Millis) error {
	s.rows++
	s.free--
	if s.left--; s.free > 0 && s.left > 0 {
		return s.Spool.Behind(kind, at, s.buf)
	}
	s.free = behind
	_, err := s.Spool.Append(kind, at, s.buf)
	return err
}

// sign puts the click id under this stage's keyring.
func (s *Stage) sign(p *homing.Postback) {
	if p.Click == (homing.ClickID{}) {
		return
	}
	before := string(p.Click.AppendHex(nil))
	p.Click = s.Keyring().Seal(p.Origin)
	p.Target = strings.Replace(p.Target, before, string(p.Click.AppendHex(nil)), 1)
}

// claim brings a round's conversions into the ledger: first those that arrive,
// then the decisions about those that were held.
func (s *Stage) claim(ctx context.Context, b *warehouse.Batch) error {
	var arrived, decided []*warehouse.Conversion
	for i := range b.Conversions {
		v := &b.Conversions[i]
		if n := len(arrived); n < len(b.Postbacks) && v.Request == b.Postbacks[n].Request {
			arrived = append(arrived, v)
		} else {
			decided = append(decided, v)
		}
	}
	numbers := make([]homing.ConversionID, len(arrived))
	err := manyDoors(len(arrived), func(i int) error {
		var err error
		numbers[i], err = s.decide(ctx, arrived[i], b.Postbacks[i].Postback)
		return err
	})
	if err != nil {
		return err
	}
	for i, v := range arrived {
		s.numbers[v.ID] = numbers[i]
		v.ID = numbers[i]
		b.Postbacks[i].Conversion = numbers[i]
	}
	s.rows += int64(2*len(arrived) + len(decided))
	return manyDoors(len(decided), func(i int) error {
		v := decided[i]
		v.ID = s.numbers[v.ID]
		return s.Books.Amend(ctx, ledger.Amendment{
			Conversion: v.ID, From: homing.Pending, To: v.Status, At: v.At, Actor: "benchmark", Reason: "decided",
		})
	})
}

// decide is what the postback door asks of the ledger.
func (s *Stage) decide(ctx context.Context, v *warehouse.Conversion, p homing.Postback) (homing.ConversionID, error) {
	p.Conversion = 0 // the ledger tells it
	s.sign(&p)
	d, err := s.Books.Decide(ctx, &ledger.Claim{
		Click: v.Click, Goal: v.Goal, Lead: []byte(v.Lead), Account: v.Account, Campaign: v.Campaign, Status: v.Status,
		Value: v.Value, Price: v.Price, Currency: v.Currency, At: v.At, Request: v.Request, Receipt: homing.AppendPostback(nil, &p),
	})
	return d.Conversion, err
}

// manyDoors does things side by side, so that they share commits, as the doors'
// requests do.
func manyDoors(n int, do func(int) error) error {
	const doors = 64
	var wait sync.WaitGroup
	failed := make([]error, doors)
	for door := range doors {
		wait.Go(func() {
			for i := door; i < n && failed[door] == nil; i += doors {
				failed[door] = do(i)
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}
