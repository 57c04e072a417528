// Package app wires the house: it picks the engines, starts upwards from them,
// and stops in reverse. It is the only place that knows an implementation.
//
//	data directory ─ master keys ─ ledger ─ spool ─ catalog ─ minter ─ journal ─ doors
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/geo/mmdb"
	"homing/internal/engine/ledger"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/trace"
)

// house is everything below the doors, opened on a data directory.
type house struct {
	dir   *dataDir
	clock homing.Clock
	log   *slog.Logger
	// member is what a node of a cluster has besides; nil on one machine.
	member *membership
	// pulse knows whether a shared ledger answers; nil on one machine.
	pulse    *pulse
	warnings atomic.Pointer[[]string] // of the ledger's server
	keys     atomic.Pointer[homing.Keyring]
	// renewing is held by who reads the master keys to write them.
	renewing sync.Mutex
	ledger   ledger.Ledger
	spool    spool.Spool
	catalog  *catalog.Catalog
	journal  *journal.Journal
	tracer   *trace.Tracer
	geo      *mmdb.Finder // nil if there are no files
	// givenZone is --time-zone; nil if it was not given.
	givenZone *time.Location
	// reporting is nil while a command works without reports.
	reporting *reporting
	backups   backups
	memory    memory
	commits   commits

	// following is what runs beside the doors; stop ends it and Close waits.
	following sync.WaitGroup
	stop      context.CancelFunc
	// closers undo what was opened, in the order of opening.
	closers []func() error
}

// openHouse opens a data directory. fatal is called, once, when nothing more
// may be acknowledged.
func openHouse(ctx context.Context, cfg *Config, clock homing.Clock, log *slog.Logger, fatal func(error)) (_ *house, err error) {
	h := &house{clock: clock, log: log, memory: shareMemory(cfg, log), stop: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if h.givenZone, err = givenZone(cfg); err != nil {
		return nil, err
	}
	if h.dir, err = openDataDir(ctx, cfg.DataDir); err != nil {
		return nil, err
	}
	h.closers = append(h.closers, h.dir.Close)
	if err := h.dir.become(cfg.clustered()); err != nil {
		return nil, err
	}
	// Nothing is touched before everything is known to be of a version that we
	// know: the ledger's opening looks first, too, and the keys are written last.
	if _, err := readMasterKeys(h.dir.file(masterKeyFile)); err != nil {
		return nil, fmt.Errorf("--data-dir %s: %w", h.dir.path, err)
	}
	if err := segment.Check(segment.Options{Dir: h.dir.file(spoolDir), Logger: log}); err != nil {
		return nil, fmt.Errorf("--data-dir %s: couldn't open the spool: %w", h.dir.path, err)
	}
	if err := h.openEngines(ctx, cfg, fatal); err != nil {
		return nil, err
	}
	if cfg.clustered() {
		if err := h.join(ctx, cfg); err != nil {
			return nil, err
		}
	} else if err := h.renewKeyring(ctx, 0); err != nil { // nobody knows yet how right the clock is
		return nil, err
	}
	// From here on everything is there, and has to be.
	if err := h.dir.complete(); err != nil {
		return nil, err
	}
	if err := h.openCatalog(ctx); err != nil {
		return nil, err
	}
	h.journal = journal.Open(journal.Options{
		Spool: h.spool, Books: h.ledger, Clock: clock, Whole: journal.DefaultWhole,
		Mask: h.catalog.Masker().Postback,
	})
	h.tracer = &trace.Tracer{
		Spool: h.spool, Books: h.ledger, Journal: h.journal, View: h.catalog.View, Keyring: h.keyring, Clock: clock,
		Masker: h.catalog.Masker(),
	}
	h.openPlaces(cfg)
	return h, nil
}

// openCatalog reads the settings. A node starts from those it knew last.
func (h *house) openCatalog(ctx context.Context) (err error) {
	o := catalog.Options{
		Ledger: h.ledger, Clock: h.clock, Keyring: h.keyring, Log: h.log,
		Erased: func(e ledger.Erasure) { h.journal.Forget(e) }, // there is a journal before anybody erases
	}
	if h.member != nil {
		o.Cache = h.dir.file(settingsCacheFile)
		if watcher, ok := h.ledger.(ledger.Watcher); ok {
			o.Hints = watcher.Watch
		}
	}
	h.catalog, err = catalog.Open(ctx, o)
	if err != nil && h.member != nil {
		return h.joining(err)
	}
	return err
}

// openEngines opens ledger and spool. Embedded or distributed is chosen by openLedger
// and openStore.
func (h *house) openEngines(ctx context.Context, cfg *Config, fatal func(error)) error {
	if err := h.openBooks(ctx, cfg, fatal); err != nil {
		return err
	}
	log, err := segment.Open(segment.Options{
		Dir: h.dir.file(spoolDir), SegmentSize: cfg.SegmentSize, Clock: h.clock, Logger: h.log, Fatal: fatal,
		Committed: h.commits.spool.Note,
	})
	if err != nil {
		return fmt.Errorf("--data-dir %s: couldn't open the spool: %w", h.dir.path, err)
	}
	h.spool = log
	h.closers = append(h.closers, log.Close)
	return nil
}

// openBooks opens the ledger. One on a server may be away.
func (h *house) openBooks(ctx context.Context, cfg *Config, fatal func(error)) (err error) {
	open := func(ctx context.Context) (ledger.Ledger, error) {
		return openLedger(ctx, cfg, ledgerOptions{
			Path: h.dir.file(ledgerFile), Cache: h.memory.ledger, Logger: h.log, Fatal: fatal,
			LeadHashes: func(lead string) []string { return h.keyring().HashLeads(lead) },
			Committed:  h.commits.ofLedger, Clock: h.clock,
		})
	}
	if cfg.clustered() {
		var books *farLedger
		if books, err = openFar(ctx, open, h.log); err != nil {
			return err
		}
		h.ledger = books
	} else if h.ledger, err = open(ctx); err != nil {
		return fmt.Errorf("--data-dir %s: %w", h.dir.path, err)
	}
	h.closers = append(h.closers, h.ledger.Close)
	return nil
}

func (h *house) keyring() *homing.Keyring {
	if h.member != nil {
		return h.member.keys.Keyring()
	}
	return h.keys.Load()
}

// renewKeyring reads the master keys. If it is time, it makes the next one, which
// is in use from a moment on; 0 makes none.
func (h *house) renewKeyring(ctx context.Context, next homing.Millis) error {
	if h.member != nil {
		return h.member.keys.Renew(ctx, next)
	}
	h.renewing.Lock()
	defer h.renewing.Unlock()
	ring, err := loadMasterKeys(h.dir.path, homing.MillisOf(h.clock()), next)
	if err != nil {
		return fmt.Errorf("--data-dir %s: %w", h.dir.path, err)
	}
	h.keys.Store(ring)
	return nil
}

// follow starts what runs beside the doors, until Close: requests that are
// finished after ctx is done still need it.
func (h *house) follow(ctx context.Context) context.Context {
	ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	fill := h.journal.Fill(ctx)
	h.beside(func() {
		if err := fill(); err != nil && ctx.Err() == nil {
			h.log.Warn("couldn't read the recent postbacks back", "error", err)
		}
		h.followOthers(ctx)
	})
	h.beside(func() { h.journal.Keep(ctx) })
	h.beside(func() {
		h.catalog.Follow(ctx, time.Second, func(err error) { h.log.Warn("settings", "error", err) })
	})
	h.beside(func() { h.keepKeyring(ctx) })
	h.beside(func() { h.keepWarnings(ctx) })
	h.followCluster(ctx)
	return ctx
}

func (h *house) beside(run func()) { h.following.Go(run) }

// Close ends what runs beside the doors and closes the engines, in reverse.
func (h *house) Close() error {
	h.stop()
	h.following.Wait()
	var failed error
	for i := len(h.closers) - 1; i >= 0; i-- {
		failed = errors.Join(failed, h.closers[i]())
	}
	h.closers = nil
	return failed
}

// newLog makes the logger that the settings ask for.
func newLog(cfg *Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked by the command line; info otherwise
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
