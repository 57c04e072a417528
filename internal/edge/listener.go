package edge

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// listener accepts connections within the limits and makes each a conn. It
// takes the place of fasthttp's own limits, which answer in their own words
// and count IPv4 only.
type listener struct {
	net.Listener
	limits  *limits
	meters  *meters
	tls     bool // answers in plain text would be no answers
	closing atomic.Bool
	closed  atomic.Bool
}

// deadliner is a listener whose Accept can be told to give up.
type deadliner interface{ SetDeadline(time.Time) error }

// How a listener closes: the kernel begins no more connections, and Accept goes
// on until none has come for quiet, longer than most handshakes take, at most
// for lastCall. What the kernel has accepted for us would be reset otherwise.
const (
	quiet    = 100 * time.Millisecond
	lastCall = time.Second
)

// Accept returns the next connection that is within the limits. It survives
// what passes by: a lack of file descriptors must not end the server.
func (l *listener) Accept() (net.Conn, error) {
	var pause time.Duration
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
		case l.closing.Load():
			// Out of quiet, or out of lastCall: nothing is left to accept.
			l.finish()
			return nil, net.ErrClosed
		case passes(err):
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
			continue
		default:
			return nil, err
		}
		pause = 0
		if d, ok := l.Listener.(deadliner); ok && l.closing.Load() {
			_ = d.SetDeadline(time.Now().Add(quiet)) // an error ends Accept, as it should
		}
		if admitted := l.admit(c); admitted != nil {
			return admitted, nil
		}
	}
}

// passes tells whether an error of accept is of one connection, or of a lack
// that will pass.
func passes(err error) bool {
	for _, passing := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.ENOBUFS, syscall.ENOMEM, syscall.EINTR,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

func (l *listener) admit(c net.Conn) net.Conn {
	peer := addrOf(c.RemoteAddr())
	admitted, why := l.limits.admit(c, peer)
	if admitted == nil {
		l.meters.connRefused[why].Inc()
		l.limits.turnAway(c, l.tls)
		return nil
	}
	return admitted
}

// Close stops accepting, see lastCall. It does not wait.
func (l *listener) Close() error {
	if !l.closing.CompareAndSwap(false, true) {
		return nil
	}
	_ = turnNewAway(l.Listener) // without it a few may be reset, if there are many
	d, ok := l.Listener.(deadliner)
	if !ok || d.SetDeadline(time.Now().Add(quiet)) != nil {
		l.finish()
		return nil
	}
	time.AfterFunc(lastCall, l.finish)
	return nil
}

func (l *listener) finish() {
	if l.closed.CompareAndSwap(false, true) {
		_ = l.Listener.Close() // nothing is left to be done about it
	}
}

// addrOf is the address of a TCP peer; of any other, the invalid one.
func addrOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}
