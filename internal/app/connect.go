package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"homing"
	"homing/internal/desk/control"
	"homing/internal/desk/signin"
)

// Connect gives a client to the homing of a data directory: over its control
// socket if a server runs there; else the engines are opened here and answer
// the same requests, until the client is closed. A directory that does not
// exist is only made if create says so: a mistyped one must not look empty.
func Connect(ctx context.Context, dataDir string, create bool, clock homing.Clock) (*control.Client, error) {
	if control.Running(ctx, dataDir) {
		return dial(dataDir), nil
	}
	if _, err := os.Stat(dataDir); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, fmt.Errorf("--data-dir %s: there is none; name the one that homing serve uses: %w", dataDir, homing.ErrNotFound)
	}
	cfg := Config{DataDir: dataDir}
	fatal := make(chan error, 1)
	h, err := openHouse(ctx, &cfg, clock, slog.New(slog.DiscardHandler), func(err error) {
		select {
		case fatal <- err:
		default: // another engine was first
		}
	})
	if errors.Is(err, errInUse) && control.Running(ctx, dataDir) {
		return dial(dataDir), nil // a server was starting
	}
	if err != nil {
		return nil, err
	}
	rt, stop := control.Local(h.offlineHandler(&cfg))
	return control.NewClient(rt, func() error {
		err := errors.Join(stop(), h.Close())
		select {
		case disk := <-fatal:
			return errors.Join(disk, err)
		default:
			return err
		}
	}), nil
}

func dial(dataDir string) *control.Client {
	return control.NewClient(control.Dial(dataDir), func() error { return nil })
}

// offlineDesk answers for a house whose doors are closed.
func (h *house) offlineDesk() control.Desk {
	d := h.controlDesk()
	// The addresses are those a server without settings would have.
	d.Addresses = func() control.Addresses {
		return control.Addresses{
			Track: "http://127.0.0.1:8080", TrackTLS: "https://127.0.0.1:8443", Desk: "http://127.0.0.1:8081", Public: h.publicURL(""),
		}
	}
	d.SignIn = signin.New(signin.Options{People: h.ledger, Clock: h.clock, DeskURL: func() string { return d.Addresses().Desk }, Keyring: h.keyring})
	d.Offline = true
	d.Status = func() control.Status { return control.Status{Version: Version, Spool: h.spoolStatus()} }
	return d
}

// offlineHandler answers for a house whose doors are closed. The warehouse is
// opened, and fed, only for who asks it.
func (h *house) offlineHandler(cfg *Config) http.Handler {
	plain := control.Handler(h.offlineDesk())
	reports := sync.OnceValue(func() http.Handler {
		if err := h.openReporting(cfg); err != nil {
			d := h.offlineDesk()
			d.NoReports = err
			return control.Handler(d)
		}
		ctx, stop := context.WithCancel(context.Background())
		h.stop = stop
		h.runReporting(ctx)
		return control.Handler(h.offlineDesk())
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if control.AsksWarehouse(r, h.spool.Oldest() > 0) {
			reports().ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	})
}
