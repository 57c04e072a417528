package cluster

import (
	"net"
	"sync"
	"time"
)

// dialTime is how long a carrier waits for who is to be reached.
const dialTime = time.Second

// carrier hands bytes on between two connections each, until it is closed. The zero
// value is ready.
type carrier struct {
	working sync.WaitGroup

	mu     sync.Mutex
	closed bool                  // guarded by mu
	open   map[net.Conn]struct{} // guarded by mu
}

// serve has each connection that comes carried, until the listener is closed.
func (c *carrier) serve(l net.Listener, carry func(net.Conn)) {
	c.working.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			c.working.Go(func() { carry(conn) })
		}
	})
}

// carry hands what comes on in both directions until both sides have ended.
func (c *carrier) carry(conn net.Conn, address string, pour func(to, from net.Conn)) {
	defer conn.Close()
	other, err := net.DialTimeout("tcp", address, dialTime)
	if err != nil {
		return
	}
	defer other.Close()
	if !c.note(conn, other) {
		return
	}
	defer c.forget(conn, other)
	var back sync.WaitGroup
	back.Go(func() { pour(conn, other) })
	pour(other, conn)
	back.Wait()
}

// endAt passes an end on.
func endAt(to net.Conn) {
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite() // or it has gone
	}
}

func (c *carrier) note(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.open == nil {
		c.open = map[net.Conn]struct{}{}
	}
	for _, conn := range conns {
		c.open[conn] = struct{}{}
	}
	return true
}

func (c *carrier) forget(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		delete(c.open, conn)
	}
}

// cut cuts all connections, and waits for who works. Listeners must be closed.
func (c *carrier) cut() {
	c.mu.Lock()
	for conn := range c.open {
		_ = conn.Close() // both sides
	}
	c.closed = true
	c.mu.Unlock()
	c.working.Wait()
}
