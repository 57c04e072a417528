package edge

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// deadline is one of a connection's two. The server asks for a new one three
// times a request, and to arm one costs more than to read a request's header:
// the runtime changes a timer, under locks that all connections share.
//
// Nearly all of them are later than the one that is armed, and nearly none is
// ever reached. So one that is later is only remembered. The armed one goes off
// too early then, every few seconds; whoever it interrupts finds that another was
// asked for, arms that, and goes on, see outdated. One that is earlier is armed
// at once. So what is asked for holds exactly, also for who waits already: the
// armed one is never later.
//
// It is safe for concurrent use: TLS sets a deadline when it is closed, whoever
// does that.
type deadline struct {
	mu    sync.Mutex
	asked time.Time // guarded by mu; zero = none
	armed time.Time // guarded by mu: the connection's; zero = none
}

// setter arms a deadline of a connection: net.Conn.SetReadDeadline or
// net.Conn.SetWriteDeadline.
type setter func(net.Conn, time.Time) error

// ask notes the deadline that is to hold from now on.
func (d *deadline) ask(c net.Conn, set setter, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = t
	if t.IsZero() || !d.armed.IsZero() && !t.Before(d.armed) {
		return nil
	}
	d.armed = t
	return set(c, t)
}

// outdated tells whether an error comes from a deadline that is no longer the
// one asked for. Then that one is armed, and what was interrupted can go on.
func (d *deadline) outdated(c net.Conn, set setter, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.asked.IsZero() && time.Until(d.asked) <= 0 {
		return false
	}
	d.armed = d.asked
	return set(c, d.asked) == nil
}
