package edge

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// conn is a connection that is counted until it is closed.
type conn struct {
	net.Conn
	readAhead
	limits  *limits
	peer    netip.Addr // unmapped; invalid if it is no TCP peer
	trusted bool       // a trusted proxy
	counted netip.Addr // what it is counted as; invalid if it is not
	closed  atomic.Bool
	waiting waiting
	// unread: the peer may still be sending what nobody will read.
	unread atomic.Bool
	asked  atomic.Uint32 // the last period of busy in which it asked something
}

var _ net.Conn = (*conn)(nil)

// Read reads for whoever is above: the server, or TLS.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.waiting.read(c.Conn, p)
	c.look(p, n)
	return n, err
}

// Close closes the connection. Closing with bytes unread makes the kernel
// reset it, which may destroy the answer on its way; so these are read first,
// for a moment.
func (c *conn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	if c.unread.Load() {
		linger(c.Conn)
	}
	err := c.Conn.Close()
	c.limits.release(c)
	return err
}

const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// linger ends our side and reads what the peer is still sending.
func linger(c net.Conn) {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	var waste [4 << 10]byte
	for n := 0; n < lingerBytes; {
		m, err := c.Read(waste[:])
		if err != nil {
			return
		}
		n += m
	}
}
