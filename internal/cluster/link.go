package cluster

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link stands between a node and a server, and can be made slow, or hold everything
// back. It never ends a connection by itself.
type link struct {
	to       string
	listener net.Listener
	late     atomic.Int64 // of each direction, in nanoseconds
	wires    carrier

	mu      sync.Mutex
	flowing chan struct{} // guarded by mu: closed while bytes may pass
}

// newLink listens on an address of this machine and hands on to another.
func newLink(address, to string) (*link, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	l := &link{to: to, listener: listener, flowing: make(chan struct{})}
	close(l.flowing)
	l.wires.serve(listener, func(conn net.Conn) {
		<-l.gate()
		l.wires.carry(conn, to, l.pour)
	})
	return l, nil
}

// address is host and port.
func (l *link) address() string { return l.listener.Addr().String() }

// delay has every byte arrive so much later, in both directions.
func (l *link) delay(d time.Duration) { l.late.Store(int64(d)) }

// hold holds everything back until it is told otherwise: connections stay, and
// nothing arrives.
func (l *link) hold(back bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.flowing:
		if back {
			l.flowing = make(chan struct{})
		}
	default:
		if !back {
			close(l.flowing)
		}
	}
}

// gate is closed while bytes may pass.
func (l *link) gate() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flowing
}

// piece is what came at one moment; nothing is the end.
type piece struct {
	bytes []byte
	at    time.Time
}

// pour passes what comes on when its time has come, and the end at last.
func (l *link) pour(to, from net.Conn) {
	pieces := make(chan piece, 1024)
	go func() {
		defer close(pieces)
		for {
			buffer := make([]byte, 32<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				pieces <- piece{buffer[:n], time.Now()}
			}
			if err != nil {
				return
			}
		}
	}()
	failed := false
	for p := range pieces {
		time.Sleep(time.Until(p.at.Add(time.Duration(l.late.Load()))))
		<-l.gate()
		if !failed {
			_, err := to.Write(p.bytes)
			failed = err != nil
		}
		if failed {
			_ = from.Close() // nobody is there to read it; what has come is thrown away
		}
	}
	endAt(to)
}

// close cuts all connections.
func (l *link) close() {
	l.hold(false)
	_ = l.listener.Close() // it was open
	l.wires.cut()
}
