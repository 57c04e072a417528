// Package catalog is what is on offer: accounts, keys and campaigns, in memory,
// as the doors need them.
//
// Reads go to a [View], an immutable snapshot behind an atomic pointer. Changes
// go to the ledger in one transaction and are in force when the method returns.
//
//	door ──► View() ──► campaign, account, key
//	panel, command line ──► CreateAccount, … ──► ledger ──► new View
//
// In a cluster other nodes change the ledger too; Follow notices.
package catalog

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
	"homing/internal/rule/mask"
)

// Options are what a catalog is made of.
type Options struct {
	Ledger ledger.Settings
	Clock  homing.Clock
	// Keyring gives the present keyring; it may change when a master key is
	// added.
	Keyring func() *homing.Keyring
	// Erased is told what was erased just now, so that nobody goes on remembering
	// it; nil = nobody does. It may not wait.
	Erased func(ledger.Erasure)
}

// Catalog holds the settings in memory. All methods are safe for concurrent
// use.
type Catalog struct {
	ledger  ledger.Settings
	books   books // nil: the ledger holds settings only
	clock   homing.Clock
	keyring func() *homing.Keyring
	erased  func(ledger.Erasure)

	view atomic.Pointer[View]
	// changing is held from a look at what is, over its change, to the reload
	// that follows: no change is lost, and views only go forward.
	changing sync.Mutex
	uses     keyUses
}

// books tell which accounts have conversions. Every whole ledger does.
type books interface {
	Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error]
}

// Open reads the settings.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	c := &Catalog{ledger: o.Ledger, clock: o.Clock, keyring: o.Keyring, erased: o.Erased}
	if c.erased == nil {
		c.erased = func(ledger.Erasure) {}
	}
	c.books, _ = o.Ledger.(books)
	c.uses.pending = map[homing.KeyID]*keyUse{}
	if err := c.Reload(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// View returns the settings as they are now. The view never changes.
func (c *Catalog) View() *View { return c.view.Load() }

// Masker masks the keys of the settings as they are at each moment.
func (c *Catalog) Masker() *mask.Masker {
	return &mask.Masker{
		KeyIn:  func(run []byte) (start, end int, ok bool) { return c.View().KeyIn(run) },
		MaskOf: func(run []byte) string { return c.keyring().MaskOf(run) },
	}
}

// Reload reads the settings from the ledger again.
func (c *Catalog) Reload(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	return c.reload(ctx)
}

// reload needs c.changing.
func (c *Catalog) reload(ctx context.Context) error {
	snapshot, err := c.ledger.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("couldn't read the settings: %w", err)
	}
	view, err := newView(snapshot, c.view.Load(), c.keyring())
	if err != nil {
		return err
	}
	c.view.Store(view)
	return nil
}

// Follow reloads whenever another node has changed the settings, and writes
// key uses to the ledger, until ctx is done. Errors are told and tried again.
func (c *Catalog) Follow(ctx context.Context, every time.Duration, report func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			// The last uses are worth a moment more.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := c.flushKeyUses(last); err != nil {
				report(err)
			}
			return
		case <-tick.C:
		}
		if err := c.follow(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
	}
}

func (c *Catalog) follow(ctx context.Context) error {
	if err := c.flushKeyUses(ctx); err != nil {
		return fmt.Errorf("couldn't note key uses: %w", err)
	}
	version, err := c.ledger.Version(ctx)
	if err != nil {
		return fmt.Errorf("couldn't ask for changed settings: %w", err)
	}
	if version == c.View().Version {
		return nil
	}
	return c.Reload(ctx)
}

// change applies edits and puts them in force. It needs c.changing.
func (c *Catalog) change(ctx context.Context, by string, edits ...ledger.Edit) error {
	if len(edits) == 0 {
		return nil
	}
	if err := c.ledger.Apply(ctx, ledger.Actor{Name: by, At: c.now()}, edits...); err != nil {
		return err
	}
	// From here on the change is durable. The reload must not be given up
	// because the caller has gone.
	return c.reload(context.WithoutCancel(ctx))
}

func (c *Catalog) now() homing.Millis { return homing.MillisOf(c.clock()) }
