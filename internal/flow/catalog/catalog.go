// Package catalog is what is on offer: accounts, keys and campaigns, in memory,
// as the doors need them.
//
// Reads go to a [View], an immutable snapshot behind an atomic pointer. Changes
// go to the ledger in one transaction and are in force when the method returns.
//
//	door ──► View() ──► campaign, account, key
//	panel, command line ──► CreateAccount, … ──► ledger ──► new View
//
// In a cluster other nodes change the ledger too; Follow notices, within a second if
// the ledger gives hints. What was read last is kept in a sealed file, which a node
// starts from when the ledger is away, see cache.go: redirects need no ledger.
package catalog

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
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
	// Cache is the file that the settings are kept in, for a start without the
	// ledger, which is shared then: other nodes change it, too. Empty = none.
	Cache string
	// Hints gives a signal soon after settings may have changed on another node,
	// until ctx is done; nil = they are noticed by asking only.
	Hints func(ctx context.Context) <-chan struct{}
	Log   *slog.Logger // nil = nobody
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
	cache    cache
	hints    func(context.Context) <-chan struct{}
	standing atomic.Pointer[Standing]
}

// books tell which accounts have conversions. Every whole ledger does.
type books interface {
	Conversions(ctx context.Context, q ledger.ConversionQuery) iter.Seq2[homing.Conversion, error]
}

// Open reads the settings; from the cache, if there is one, when the ledger is away.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	c := &Catalog{ledger: o.Ledger, clock: o.Clock, keyring: o.Keyring, erased: o.Erased}
	if c.erased == nil {
		c.erased = func(ledger.Erasure) {}
	}
	c.books, _ = o.Ledger.(books)
	c.uses.pending = map[homing.KeyID]*keyUse{}
	c.cache = cache{file: o.Cache, keyring: o.Keyring, log: o.Log}
	if c.cache.log == nil {
		c.cache.log = slog.New(slog.DiscardHandler)
	}
	c.hints = o.Hints
	c.standing.Store(&Standing{})
	err := c.Reload(ctx)
	if isAway(err) && c.cache.used() {
		err = c.openCache(err)
	}
	if err != nil {
		return nil, err
	}
	c.saveCache()
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
		return c.away(fmt.Errorf("couldn't read the settings: %w", err))
	}
	if err := c.show(snapshot); err != nil {
		return err
	}
	c.present(snapshot.Version)
	return nil
}

// show makes a snapshot the one in force. It needs c.changing.
func (c *Catalog) show(snapshot *ledger.Snapshot) error {
	view, err := newView(snapshot, c.view.Load(), c.keyring())
	if err != nil {
		return err
	}
	c.view.Store(view)
	c.cache.note(snapshot)
	return nil
}

// Follow reloads whenever another node has changed the settings, and writes
// key uses to the ledger, until ctx is done. It asks every so often, and at once
// when it is given a hint. What fails is told once, and tried again.
func (c *Catalog) Follow(ctx context.Context, every time.Duration, report func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	told := ""
	var hints <-chan struct{}
	if c.hints != nil {
		hints = c.hints(ctx)
	}
	for {
		select {
		case <-ctx.Done():
			// The last uses are worth a moment more.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := c.flushKeyUses(last); err != nil {
				report(err)
			}
			c.saveCache()
			return
		case <-tick.C:
		case _, open := <-hints:
			if !open {
				hints = nil // the ledger has closed: nothing comes any more
			}
		}
		err := c.follow(ctx)
		switch {
		case err == nil:
			told = ""
		case ctx.Err() == nil && err.Error() != told:
			told = err.Error()
			report(err)
		}
		c.saveCache()
	}
}

func (c *Catalog) follow(ctx context.Context) error {
	if err := c.catchUp(ctx); err != nil {
		return err
	}
	if err := c.flushKeyUses(ctx); err != nil {
		return fmt.Errorf("couldn't note key uses: %w", err)
	}
	return nil
}

// catchUp reads the settings again if another node has changed them.
func (c *Catalog) catchUp(ctx context.Context) error {
	changed, err := c.isBehind(ctx)
	if err != nil || !changed {
		return err
	}
	return c.Reload(ctx)
}

// isBehind tells whether there is a newer version than the one in force.
func (c *Catalog) isBehind(ctx context.Context) (bool, error) {
	version, err := c.ledger.Version(ctx)
	if err != nil {
		return false, c.away(fmt.Errorf("couldn't ask for changed settings: %w", err))
	}
	if version != c.View().Version {
		return true, nil
	}
	c.present(version)
	return false, nil
}

// begin begins a change: it takes c.changing, and has the newest settings in force,
// so that nothing that another node has just written is written over with what
// stood before. After an error nothing is taken. On one machine nobody else writes.
func (c *Catalog) begin(ctx context.Context) error {
	c.changing.Lock()
	if !c.cache.used() {
		return nil
	}
	changed, err := c.isBehind(ctx)
	if err == nil && changed {
		err = c.reload(ctx)
	}
	if err != nil {
		c.changing.Unlock()
		if isAway(err) {
			err = fmt.Errorf("settings cannot be changed before the ledger is back: %w", err)
		}
		return err
	}
	return nil
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
