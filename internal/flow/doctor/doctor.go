// Package doctor examines a house: whether every file can be read and is what was
// written, and whether spool, ledger and warehouse tell the same.
//
//	spool      every block ─┐
//	ledger     every row    ├─► findings: where, what, what it means, what to do
//	warehouse  every day   ─┤                                          │
//	           they agree  ─┘                  remedies, if asked ◄────┘
//
// Spool, ledger and master keys are the truth and are never changed here. What is
// derived from them can be made again, and that, and what is as safe, is all that
// a remedy does.
//
// A living house goes on meanwhile. So nothing is compared but what is known to
// have been loaded, what was changed during the look is left out, and after each
// piece of work as long is rested as it took.
package doctor

import (
	"context"
	"fmt"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/loader"
)

// House is what is examined.
type House struct {
	Spool  spool.Spool
	Ledger ledger.Ledger
	// Warehouse is nil if there is none to be asked; who examines has said why.
	Warehouse warehouse.Warehouse
	// Source is the spool's name among the warehouse's sources; "spool" by default.
	Source string
	// Keyring, if given, is what click ids are made under.
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	// LoansAhead is how much farther ahead than on one machine node numbers are lent.
	LoansAhead homing.Millis
}

// Options say how to look.
type Options struct {
	// Quick reads no file through: it asks what is known already, and compares
	// what came in since yesterday.
	Quick bool
	// Live: others work on the same house, and go first.
	Live bool
	// Tell is told how far it is; nil is nobody.
	Tell func(Progress)
}

// Progress tells how far a piece of work is.
type Progress struct {
	What        string
	Done, Total int64 // Total 0 = unknown
	Bytes       bool  // else it is a number of things
}

// Report is the result of an examination.
type Report struct {
	Findings []Finding
	// Checked tells in words what was looked at, a line each.
	Checked []string
}

// Healthy tells whether nothing was found that asks for something to be done.
func (r *Report) Healthy() bool {
	for i := range r.Findings {
		if r.Findings[i].Severity > Note {
			return false
		}
	}
	return true
}

// Add takes another report in.
func (r *Report) Add(other Report) {
	r.Findings = append(r.Findings, other.Findings...)
	r.Checked = append(r.Checked, other.Checked...)
}

// Found notes a finding.
func (r *Report) Found(f Finding) { r.Findings = append(r.Findings, f) }

// Looked notes what was looked at.
func (r *Report) Looked(format string, args ...any) {
	r.Checked = append(r.Checked, fmt.Sprintf(format, args...))
}

// Examine looks at a house that is open. An error says that it could not be
// looked at; what had been found until then is in the report all the same.
func Examine(ctx context.Context, h House, o Options) (Report, error) {
	if h.Source == "" {
		h.Source = "spool"
	}
	e := &examination{House: h, o: o, ctx: ctx, rested: time.Now()}
	ended := make(chan error, 1)
	go func() {
		// Whatever may be wrong with a house, looking at it must not end it.
		defer func() {
			if p := recover(); p != nil {
				ended <- fmt.Errorf("the examination failed: %v", p)
			}
		}()
		if o.Live {
			behindTheDoors()
		}
		ended <- e.all()
	}()
	err := <-ended
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return e.Report, err
}

func (e *examination) all() error {
	for _, look := range []func() error{
		e.settings, e.masterKeys, e.losses, e.spool, e.ledger, e.receipts, e.warehouse, e.clicks, e.conversions, e.clock,
	} {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

// examination is one call of Examine.
type examination struct {
	House
	Report
	o   Options
	ctx context.Context

	known  *known // the settings
	newest homing.Millis
	// asked: the warehouse answers, and its marks are these.
	asked                 bool
	spoolMark, ledgerMark uint64
	rested                time.Time // when the last rest ended; of the process' own clock
}

func (e *examination) now() homing.Millis { return homing.MillisOf(e.Clock()) }

// seen notes when something happened, for the newest of it.
func (e *examination) seen(at homing.Millis) { e.newest = max(e.newest, at) }

// tell tells how far it is, and then rests, if others are to go first.
func (e *examination) tell(p Progress) {
	if e.o.Tell != nil {
		e.o.Tell(p)
	}
	e.rest()
}

// mostRest bounds a rest: one slow disk must not make it an hour.
const mostRest = 2 * time.Second

// rest waits as long as was worked, but not for a moment's work.
func (e *examination) rest() {
	worked := time.Since(e.rested)
	if !e.o.Live || worked < 5*time.Millisecond {
		return
	}
	timer := time.NewTimer(min(worked, mostRest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.ctx.Done():
	}
	e.rested = time.Now()
}

// known are the settings that others refer to.
type known struct {
	accounts  map[homing.AccountID]bool // whether it was erased
	campaigns map[homing.CampaignID]homing.AccountID
}

// settings reads what others refer to.
func (e *examination) settings() error {
	s, err := e.Ledger.Snapshot(e.ctx)
	if err != nil {
		return fmt.Errorf("couldn't read the settings: %w", err)
	}
	e.known = &known{map[homing.AccountID]bool{}, map[homing.CampaignID]homing.AccountID{}}
	for i := range s.Accounts {
		e.known.accounts[s.Accounts[i].ID] = s.Accounts[i].Erased
	}
	for i := range s.Campaigns {
		e.known.campaigns[s.Campaigns[i].ID] = s.Campaigns[i].Account
	}
	return nil
}

// marks tells how far the warehouse has been loaded.
func (e *examination) marks() (ofSpool, ofLedger warehouse.Mark, err error) {
	if ofSpool, err = e.Warehouse.Mark(e.ctx, e.Source); err == nil {
		ofLedger, err = e.Warehouse.Mark(e.ctx, loader.LedgerSource)
	}
	return ofSpool, ofLedger, err
}
