package app

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// pulseEvery is how often the shared ledger is asked whether it is there.
	pulseEvery = time.Second
	// pulsePatience is how long it may take to answer.
	pulsePatience = 2 * time.Second
)

// pulse knows whether a shared ledger answers, so that nobody has to wait to tell.
// A nil one is an embedded ledger's, which is there.
type pulse struct {
	ask  func(context.Context) error
	last atomic.Pointer[error] // nil = it answered last
}

// err is why the ledger did not answer last; nil if it did.
func (p *pulse) err() error {
	if p == nil {
		return nil
	}
	if err := p.last.Load(); err != nil {
		return *err
	}
	return nil
}

// take asks once.
func (p *pulse) take(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pulsePatience)
	defer cancel()
	if err := p.ask(ctx); err != nil {
		p.last.Store(&err)
		return
	}
	p.last.Store(nil)
}

// run asks until ctx is done.
func (p *pulse) run(ctx context.Context) {
	every(ctx, pulseEvery, func() bool {
		p.take(ctx)
		return false
	})
}
