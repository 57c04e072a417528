package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"homing/internal/simulate/openloop"
)

// house is a server of the simulation's own that can be killed and started
// again on what it left behind.
type house interface {
	// Start returns when the server answers on its control socket.
	Start(ctx context.Context) (Server, error)
	// Kill ends it as a power cut ends a process: at once. It returns when it
	// is gone.
	Kill()
	// Warehouse is the process of its warehouse, nil if there is none now.
	Warehouse() beast
}

// runKilling plays against a server in a scratch directory. The directory is
// removed if everything agrees, and kept and named if not.
func (c *Command) runKilling(ctx context.Context, env Env) error {
	scratch, err := os.MkdirTemp("", "homing-simulate-")
	if err != nil {
		return fmt.Errorf("couldn't make a scratch directory: %w", err)
	}
	h := &child{executable: env.Executable, dir: scratch, env: env}
	defer func() { h.Kill(); h.sweep() }()
	err = c.playKilling(ctx, env, h)
	h.Kill()
	h.sweep()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w (data directory and server log are kept in %s)", err, scratch)
	}
	if removed := os.RemoveAll(scratch); removed != nil {
		err = errors.Join(err, fmt.Errorf("couldn't remove the scratch directory: %w", removed))
	}
	return err
}

// playKilling plays against a house that is killed meanwhile.
func (c *Command) playKilling(ctx context.Context, env Env, h house) error {
	server, err := h.Start(ctx)
	if err != nil {
		return fmt.Errorf("couldn't start a server: %w", err)
	}
	on := &stage{server: server, volleys: true}
	var restarts []float64
	var warehouse tormented
	on.trouble = func(ctx context.Context, p *play) error {
		tormenting, end := context.WithCancel(ctx)
		var beside sync.WaitGroup
		beside.Go(func() { warehouse = c.torment(tormenting, h) })
		var err error
		restarts, err = c.killing(ctx, p, h, on)
		end()
		beside.Wait()
		return err
	}
	r, err := c.play(ctx, env, on)
	if err = errors.Join(err, on.server.Close()); err != nil {
		return err
	}
	r.Restarts, r.Warehouse = restarts, &warehouse
	return r.print(env.Out, c.Format)
}

// killing kills the house at a random moment of each of as many slices of the
// duration as there are cycles, and starts it again at once. It tells how long
// each start took until the first redirect, in milliseconds.
func (c *Command) killing(ctx context.Context, p *play, h house, on *stage) (restarts []float64, err error) {
	r, began := c.source(-1), p.clock()
	slice := c.Duration / time.Duration(c.Cycles)
	for i := range c.Cycles {
		moment := began.Add(time.Duration(i)*slice + time.Duration((0.1+0.6*r.Float64())*float64(slice)))
		if err := sleep(ctx, moment.Sub(p.clock())-volleyAhead); err != nil {
			return restarts, err
		}
		moment = p.clock().Add(volleyAhead)
		p.volley(r, moment)
		if err := sleep(ctx, moment.Sub(p.clock())); err != nil {
			return restarts, err
		}
		p.books.killed(p.clock())
		h.Kill()
		started := p.clock()
		server, err := h.Start(ctx)
		if err != nil {
			return restarts, fmt.Errorf("couldn't start the server again after kill %d: %w", i+1, err)
		}
		// Nobody knows the new address yet, so the next redirect is from there.
		first := p.nextRedirect()
		if err := p.meet(ctx, server); err != nil {
			return restarts, fmt.Errorf("after kill %d: %w", i+1, err)
		}
		_ = on.server.Close() // what it was connected to is gone
		on.server = server    // read again when the play is over
		if err := p.welcome(ctx, first); err != nil {
			return restarts, fmt.Errorf("after kill %d: %w", i+1, err)
		}
		restarts = append(restarts, openloop.Millis(p.clock().Sub(started)))
	}
	return restarts, nil
}

// welcome waits for the first redirect, with visitors of its own if there are
// no others any more.
func (p *play) welcome(ctx context.Context, first <-chan struct{}) error {
	late := time.NewTimer(startTime)
	defer late.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-first:
			return nil
		case <-again.C:
			p.agenda.add(p.clock(), visit{p.cast.offers[0]})
		case <-late.C:
			return fmt.Errorf("no redirect within %s of the start", startTime)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
