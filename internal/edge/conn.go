package edge

import (
	"errors"
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
	// What the server and TLS ask for, of reads and of writes.
	reading, writing deadline
	// unread: the peer may still be sending what nobody will read.
	unread atomic.Bool
	asked  atomic.Uint32 // the last period of busy in which it asked something
}

var _ net.Conn = (*conn)(nil)

// Read reads for whoever is above: the server, or TLS.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.waiting.read(c.Conn, p)
	for n == 0 && c.goesOn(&c.reading, net.Conn.SetReadDeadline, err) {
		n, err = c.waiting.read(c.Conn, p)
	}
	c.look(p, n)
	return n, err
}

// Write writes for whoever is above.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	for c.goesOn(&c.writing, net.Conn.SetWriteDeadline, err) {
		var more int
		more, err = c.Conn.Write(p[n:])
		n += more
	}
	return n, err
}

// goesOn tells whether an error is none to whoever is above. Who closes the
// connection has a deadline of its own, see linger.
func (c *conn) goesOn(d *deadline, set setter, err error) bool {
	return err != nil && !c.closed.Load() && d.outdated(c.Conn, set, err)
}

// SetReadDeadline notes a deadline, see deadline.
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.reading.ask(c.Conn, net.Conn.SetReadDeadline, t)
}

// SetWriteDeadline notes a deadline, see deadline.
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.writing.ask(c.Conn, net.Conn.SetWriteDeadline, t)
}

// SetDeadline notes both.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
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
