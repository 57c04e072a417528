// Package demo makes an advertiser up: a marked account with campaigns, and with
// two weeks of clicks, postbacks and conversions, so that every page has
// something to show before the first visitor comes. It can be taken away again.
//
//	Fill ──► account (marked), campaigns ──► story: visits and calls, made up
//	     ──► day by day: clicks to the spool, calls to judge and ledger
//
// Nothing is pretended that the rest of homing would not believe: clicks are
// records of the spool, ids are genuine, calls are judged as of the moment they
// claim to have come, and the ledger decides. Only the times are of the past.
//
// What follows from that, and is kept to:
//
//   - Ids carry homing.DemoNode, which is never lent to anybody who mints, and
//     campaigns of the demo's own. So none is an id of a visitor, of whichever
//     time.
//   - Rows of past days that are sealed already are taken as late rows always
//     are: the day gets them and is sealed again. The spool's own moment of a
//     record is when it was written, for by it lag, loss and trimming are told;
//     only the record itself speaks of the past.
//   - Amounts of a demo are in no total of others, see package report: a report
//     that does not ask for the account leaves it out, also after it was taken
//     away.
//   - The mark is made with the account. Until the last record is written the
//     account carries Unfinished as its reference, so a crash in between is
//     seen, and what there is can be taken away like a whole demo.
package demo

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
)

// Days is how many days a demo reaches back, today included.
const Days = 14

// Unfinished is the reference of a demo account that is being filled.
const Unfinished = "demo-unfinished"

// Options are what a demo is made with.
type Options struct {
	Catalog *catalog.Catalog
	Spool   spool.Spool
	Decider ledger.Decider
	Journal *journal.Journal
	Keyring func() *homing.Keyring
	Clock   homing.Clock
	Log     *slog.Logger
	// Days is how many days to reach back, if that is less than Days: no longer
	// than clicks are kept. 0 = Days.
	Days int
}

// Demo fills and removes demo accounts, one at a time. It is safe for concurrent
// use.
type Demo struct {
	Options
	ask chan string // who asks for a filling

	mu      sync.Mutex
	running bool  // guarded by mu: asked for, and not ended
	done    int   // guarded by mu: records written
	total   int   // guarded by mu: of how many; 0 = not known yet
	trouble error // guarded by mu: why the last filling ended early
}

// Open makes a Demo; Run makes it work.
func Open(o Options) *Demo {
	if o.Days <= 0 || o.Days > Days {
		o.Days = Days
	}
	return &Demo{Options: o, ask: make(chan string, 1)}
}

// State tells how a demo stands.
type State struct {
	// Account is the demo there is; nil if there is none.
	Account *homing.Account
	// Running: it is being filled, Done of Total records are written; Total is 0
	// at the very beginning.
	Running     bool
	Done, Total int
	// Unfinished: the filling ended early, because of Trouble or a crash.
	Unfinished bool
	Trouble    string
	Days       int
}

// State never waits.
func (d *Demo) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := State{Account: d.account(), Running: d.running, Done: d.done, Total: d.total, Days: d.Days}
	s.Unfinished = !s.Running && s.Account != nil && s.Account.Ref == Unfinished
	if d.trouble != nil && !s.Running {
		s.Trouble = d.trouble.Error()
	}
	return s
}

// account is the demo account there is.
func (d *Demo) account() *homing.Account {
	for _, a := range d.Catalog.View().Accounts {
		if a.Demo && !a.Erased {
			return a
		}
	}
	return nil
}

// Fill begins to fill a demo account, beside the caller. homing.ErrConflict:
// there is one, or one is being filled.
func (d *Demo) Fill(by string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running || d.account() != nil {
		return fmt.Errorf("%w: there is a demo advertiser already; remove it before", homing.ErrConflict)
	}
	d.running, d.done, d.total, d.trouble = true, 0, 0, nil
	d.ask <- by // there is room: nobody else is running
	return nil
}

// Run fills whenever it is asked to, until ctx is done. What is then unfinished
// stays so.
func (d *Demo) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case by := <-d.ask:
			err := d.fill(ctx, by)
			if err != nil && ctx.Err() == nil {
				d.Log.Warn("the demo advertiser could not be filled", "error", err)
			}
			d.mu.Lock()
			d.running, d.trouble = false, err
			d.mu.Unlock()
		}
	}
}

// Remove takes the demo away: the account is erased, see ledger.EraseAccount.
// homing.ErrNotFound: there is none; homing.ErrConflict: it is being filled.
func (d *Demo) Remove(ctx context.Context, by string) error {
	d.mu.Lock()
	running, account := d.running, d.account()
	d.mu.Unlock()
	switch {
	case running:
		return fmt.Errorf("%w: the demo advertiser is being filled; wait until it is done", homing.ErrConflict)
	case account == nil:
		return fmt.Errorf("demo advertiser: %w", homing.ErrNotFound)
	}
	if err := d.Catalog.EraseAccount(ctx, by, account.ID); err != nil {
		return fmt.Errorf("couldn't remove the demo advertiser: %w", err)
	}
	d.mu.Lock()
	d.trouble = nil
	d.mu.Unlock()
	return nil
}

func (d *Demo) wrote(records int) {
	d.mu.Lock()
	d.done += records
	d.mu.Unlock()
}
