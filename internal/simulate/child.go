package simulate

import (
	"context"
	"path/filepath"
	"sync"

	"homing/internal/simulate/process"
)

// startTime is how long a server may take to redirect.
const startTime = process.StartTime

// child is a house in a process of its own.
type child struct {
	executable string
	dir        string // scratch: data and log
	env        Env

	mu      sync.Mutex
	present *process.Process   // guarded by mu; nil = not running
	past    []*process.Process // guarded by mu: that were killed
}

var _ house = (*child)(nil)

// Start starts the server on whatever is in the directory.
func (c *child) Start(ctx context.Context) (Server, error) {
	p, err := process.Begin(process.Launch{
		Program: c.executable, Data: filepath.Join(c.dir, "data"), Log: filepath.Join(c.dir, "serve.log"),
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.present = p
	c.mu.Unlock()
	if _, err := p.Ready(ctx); err != nil {
		return nil, err
	}
	return c.env.Connect(ctx, filepath.Join(c.dir, "data"))
}

// Kill ends the process, if it runs, and waits until it is gone.
func (c *child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.present == nil {
		return
	}
	c.present.Kill()
	c.past, c.present = append(c.past, c.present), nil
}

// Warehouse finds the process of the warehouse.
func (c *child) Warehouse() beast {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.present == nil {
		return nil
	}
	if found := c.present.Warehouse(); found != nil {
		return found
	}
	return nil
}

// sweep ends what was left behind, so that nothing writes to the directory any
// more. What is left ends by itself, unless it is stopped.
func (c *child) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.past {
		p.Sweep()
	}
	c.past = nil
}
