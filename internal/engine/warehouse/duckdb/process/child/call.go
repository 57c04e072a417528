//go:build cgo

package child

import (
	"sync"
	"time"

	duck "github.com/duckdb/duckdb-go-bindings"

	"homing/internal/engine/warehouse/duckdb/process/wire"
)

// call is a query or a transaction that is under way.
type call struct {
	id        uint32
	frames    chan wire.Frame // what came under its id since
	cancelled chan struct{}   // closed by cancel
	conn      duck.Connection // its own, while attached

	mu       sync.Mutex
	asked    bool // guarded by mu; cancel was called
	attached bool // guarded by mu
}

func (c *call) attach(conn duck.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.attached = conn, true
}

// detach waits for an interrupt that is being sent; after it there is none.
func (c *call) detach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attached = false
}

// cancel makes the call end soon. DuckDB forgets an interrupt that comes
// between two statements, or before the first, so it is sent until it is heard.
func (c *call) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked {
		return
	}
	c.asked = true
	close(c.cancelled)
	go func() {
		for c.interrupt() {
			time.Sleep(5 * time.Millisecond)
		}
	}()
}

func (c *call) interrupt() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attached {
		duck.Interrupt(c.conn)
	}
	return c.attached
}

// over tells whether the call is to end.
func (c *call) over() bool {
	select {
	case <-c.cancelled:
		return true
	default:
		return false
	}
}

// next waits for the next frame of this call.
func (c *call) next() (wire.Frame, *wire.Fault) {
	select {
	case f := <-c.frames:
		return f, nil
	case <-c.cancelled:
		return wire.Frame{}, errCancelled
	}
}

var errCancelled = &wire.Fault{Kind: wire.Cancelled, Text: "given up"}
