package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/signin"
	"homing/internal/edge"
	"homing/internal/edge/certificate"
	"homing/internal/flow/demo"
	"homing/internal/flow/disk"
	"homing/internal/flow/mint"
	"homing/internal/flow/notice"
)

// certificateWatch is how often certificate files are looked at.
const certificateWatch = 5 * time.Second

// server is a running homing: a house with its doors open.
type server struct {
	cfg       *Config
	clock     homing.Clock
	log       *slog.Logger
	house     *house
	listeners *listeners
	minter    *mint.Minter
	// testMinter mints test ids, demo fills the demo advertiser: see trying.go.
	testMinter *mint.Minter
	demo       *demo.Demo
	// disk and watch look after everything, see watching.go.
	disk     *disk.Gauge
	watch    *notice.Watch
	gauged   gauged
	edge     *edge.Edge
	signIn   *signin.SignIn
	desk     *http.Server
	draining atomic.Bool
	// stopping is closed when the end begins: who waits for news goes.
	stopping chan struct{}
	// ended gets the first error of a listener, or the fatal error of an
	// engine.
	ended   chan error
	fatal   atomic.Bool
	serving sync.WaitGroup // the listeners
}

// Serve runs homing on a data directory until ctx is done. It tells on out
// where it can be reached. Nothing is damaged if it fails.
func Serve(ctx context.Context, cfg Config, clock homing.Clock, out io.Writer) (err error) {
	if err := checkConfig(&cfg); err != nil {
		return err
	}
	// Whoever read our output may go (homing serve | head); we stay.
	signal.Ignore(syscall.SIGPIPE)
	s := &server{cfg: &cfg, clock: clock, log: newLog(&cfg), ended: make(chan error, 8), stopping: make(chan struct{})}
	defer func() {
		// After a fatal error the engines are dead and a disk may hang: the
		// process ends, and what was acknowledged is on the disk.
		if !s.fatal.Load() {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.announce(ctx, out); err != nil {
		return err
	}
	serving, end := context.WithCancel(ctx)
	defer end()
	s.serve(serving)
	select {
	case <-ctx.Done():
	case err = <-s.ended:
	}
	end()
	if !s.fatal.Load() {
		s.drain()
	}
	return err
}

// open starts upwards: data directory, sockets, engines, flows, doors.
func (s *server) open(ctx context.Context) (err error) {
	if s.house, err = openHouse(ctx, s.cfg, s.clock, s.log, s.onFatal); err != nil {
		return err
	}
	if err = s.house.openReporting(s.cfg); err != nil {
		return err
	}
	if s.listeners, err = listen(s.cfg, s.house.dir, s.clock, s.log); err != nil {
		return err
	}
	h := s.house
	h.lastBackup(ctx) // from here on it is known without asking
	lessor, err := h.minting()
	if err != nil {
		return err
	}
	s.minter, err = mint.Open(ctx, mint.Options{
		Lessor: lessor, Clock: s.clock, Keyring: h.keyring, Log: s.log, Ahead: s.loanAhead(), Patient: h.member != nil,
	})
	if err != nil {
		return err
	}
	if err = s.openTrying(ctx); err != nil {
		return err
	}
	s.edge = edge.New(edge.Options{
		Spool: h.spool, Ledger: h.ledger, Catalog: h.catalog, Minter: s.minter, Journal: h.journal,
		Keyring: h.keyring, Clock: s.clock, Log: s.log, Geo: h.places(),
		TrustedProxies: s.cfg.TrustedProxies, FallbackURL: s.cfg.FallbackURL, HelpURL: s.cfg.HelpURL,
		RedirectUnrecorded: s.cfg.OnSpoolFailure == "redirect",
		RefusalsPerMinute:  s.cfg.RefusalsPerMinute, ConnsPerAddr: s.cfg.ConnsPerAddr,
		MaxConns: s.cfg.MaxConns, MaxRequests: s.cfg.MaxRequests, Ready: s.ready, Notices: s.publicNotices,
	})
	s.signIn = signin.New(signin.Options{
		People: h.ledger, Clock: s.clock, DeskURL: func() string { return s.addresses().Desk }, Keyring: h.keyring,
		SecureCookies: s.onlyHTTPS(),
	})
	s.openWatching()
	s.desk = s.deskServer()
	return nil
}

// loanAhead is how far the loan of the node number is taken ahead. Who redirects
// while the disk fails needs ids all the while.
func (s *server) loanAhead() time.Duration {
	if s.cfg.OnSpoolFailure == "redirect" {
		return time.Hour
	}
	return mint.DefaultAhead
}

func (s *server) onFatal(err error) {
	s.fatal.Store(true)
	s.log.Error("the disk failed an fsync: nothing more can be promised, so the process ends; what was acknowledged is safe", "error", err)
	select {
	case s.ended <- fmt.Errorf("the disk failed: %w", err):
	default: // somebody else was first
	}
}

// serve opens the doors, the outer ones last.
func (s *server) serve(ctx context.Context) {
	beside := s.house.follow(ctx)
	s.house.runReporting(beside)
	s.house.beside(func() { s.minter.Keep(beside) })
	if m := s.house.member; m != nil && m.local != nil {
		s.house.beside(func() { m.local.Keep(beside) })
	}
	s.runTrying(beside)
	s.runWatching(beside)
	s.house.beside(func() { s.gauge(beside) })
	for _, store := range []*certificate.Store{s.listeners.trackCerts, s.listeners.deskCerts} {
		if store != nil {
			s.house.beside(func() { store.Watch(beside, certificateWatch) })
		}
	}
	run := func(what string, serve func() error) {
		s.serving.Go(func() {
			if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
				s.ended <- fmt.Errorf("%s: %w", what, err)
			}
		})
	}
	run("control socket", func() error { return control.Serve(ctx, s.listeners.control, control.Handler(s.controlDesk())) })
	run("panel", func() error { return s.desk.Serve(s.deskListener()) })
	if s.listeners.trackTLS != nil {
		run("https listener", func() error { return s.edge.ServeTLS(s.listeners.trackTLS, s.listeners.trackCerts.TLSConfig()) })
	}
	if s.listeners.track != nil {
		run("http listener", func() error { return s.edge.Serve(s.listeners.track) })
	}
}

// drain tells load balancers to go elsewhere, then finishes what is under way.
func (s *server) drain() {
	s.draining.Store(true)
	close(s.stopping)
	s.edge.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTime)
	defer cancel()
	err := errors.Join(s.edge.Shutdown(ctx), s.desk.Shutdown(ctx), s.wait(ctx))
	if err != nil {
		s.log.Warn("some requests were still under way at the end", "error", err)
	}
}

// wait waits for the listeners to end; the control socket ends with the context
// of Serve.
func (s *server) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close stops in reverse.
func (s *server) close() error {
	if s.listeners != nil {
		s.listeners.Close()
	}
	if s.house == nil {
		return nil
	}
	return s.house.Close()
}
