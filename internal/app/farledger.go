package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// farLedger is a ledger on a server that may not be reached yet: a node starts
// without it, from what it knew last. It is opened again and again until that
// succeeds; from then on every call goes to what was opened, which finds back to
// its server by itself. Until then calls are answered with homing.ErrUnavailable
// and the reason, as those of a ledger whose server is away are.
type farLedger struct {
	open func(context.Context) (ledger.Ledger, error)
	log  *slog.Logger

	there atomic.Pointer[ledger.Ledger] // nil: not opened yet

	mu  sync.Mutex
	err error // guarded by mu: why it could not be opened

	// opened is closed when there is.
	opened  chan struct{}
	opening sync.WaitGroup
	stop    context.CancelFunc
}

var (
	_ ledger.Ledger  = (*farLedger)(nil)
	_ ledger.Commons = (*farLedger)(nil)
	_ ledger.Warner  = (*farLedger)(nil)
	_ ledger.Watcher = (*farLedger)(nil)
)

const (
	// farPatience is how long a start waits for the ledger before it goes on without.
	farPatience = 3 * time.Second
	// farEvery is how often opening it is tried while it fails.
	farEvery = time.Second
)

// openFar opens a ledger now, or else every so often until Close. An error is one
// that waiting does not mend: tables of a newer version, or an address that
// cannot be read.
func openFar(ctx context.Context, open func(context.Context) (ledger.Ledger, error), log *slog.Logger) (*farLedger, error) {
	l := &farLedger{open: open, log: log, opened: make(chan struct{})}
	first, cancel := context.WithTimeout(ctx, farPatience)
	defer cancel()
	if err := l.try(first); err != nil && !errors.Is(err, homing.ErrUnavailable) && ctx.Err() == nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), l.closeOpened())
	}
	trying, stop := context.WithCancel(context.Background())
	l.stop = stop
	if l.there.Load() == nil {
		l.opening.Go(func() { l.keepTrying(trying) })
	}
	return l, nil
}

func (l *farLedger) keepTrying(ctx context.Context) {
	every(ctx, farEvery, func() bool {
		attempt, cancel := context.WithTimeout(ctx, 10*farPatience)
		defer cancel()
		return l.try(attempt) == nil
	})
}

// try opens the ledger once. Each reason is logged once.
func (l *farLedger) try(ctx context.Context) error {
	books, err := l.open(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if l.err == nil || l.err.Error() != err.Error() {
			l.log.Error("the ledger cannot be reached; it is tried again and again, and postbacks are answered 503 meanwhile", "error", err)
		}
		l.err = err
		return err
	}
	if l.err != nil {
		l.log.Info("the ledger is reached")
	}
	l.there.Store(&books)
	close(l.opened)
	return nil
}

func (l *farLedger) get() (ledger.Ledger, error) {
	if there := l.there.Load(); there != nil {
		return *there, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, fmt.Errorf("%w: the ledger was not reached since the start: %s", homing.ErrUnavailable, trouble(l.err))
}

// Close ends the waiting, and closes what was opened.
func (l *farLedger) Close() error {
	l.stop()
	l.opening.Wait()
	return l.closeOpened()
}

func (l *farLedger) closeOpened() error {
	if there := l.there.Load(); there != nil {
		return (*there).Close()
	}
	return nil
}

// Watch implements ledger.Watcher. Word comes once the ledger is there: whoever
// waits has missed all that was changed before.
func (l *farLedger) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	l.opening.Go(func() {
		defer close(changed)
		select {
		case <-l.opened:
		case <-ctx.Done():
			return
		}
		watcher, ok := (*l.there.Load()).(ledger.Watcher)
		if !ok {
			return
		}
		for range watcher.Watch(ctx) {
			select {
			case changed <- struct{}{}:
			default: // it was told already, and nobody has looked
			}
		}
	})
	return changed
}

// Warnings implements ledger.Warner.
func (l *farLedger) Warnings(ctx context.Context) []string {
	there, err := l.get()
	if err != nil {
		return []string{err.Error()}
	}
	if warner, ok := there.(ledger.Warner); ok {
		return warner.Warnings(ctx)
	}
	return nil
}

// Damage implements ledger.Ledger.
func (l *farLedger) Damage() []string {
	if there, err := l.get(); err == nil {
		return there.Damage()
	}
	return nil
}

// errNoCommons is of a server that nodes cannot share.
var errNoCommons = fmt.Errorf("%w: this ledger cannot be shared", homing.ErrInvalid)

func (l *farLedger) commons() (ledger.Commons, error) {
	there, err := l.get()
	if err != nil {
		return nil, err
	}
	if commons, ok := there.(ledger.Commons); ok {
		return commons, nil
	}
	return nil, errNoCommons
}
