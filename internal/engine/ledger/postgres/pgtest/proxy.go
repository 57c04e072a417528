package pgtest

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between a node and a server: it makes the way longer, and can lose
// the answer to a commit.
type Proxy struct {
	listener net.Listener
	server   string
	way      time.Duration // of what goes in one direction
	narrow   atomic.Int64  // bytes towards the server in a round trip; 0 = any number
	lose     atomic.Bool   // the next answer to a COMMIT, and the connection with it
	lost     atomic.Int64

	running sync.WaitGroup
	mu      sync.Mutex
	closed  bool                  // under mu
	conns   map[net.Conn]struct{} // under mu
}

// Between starts a proxy to the cluster, until the test ends. A round trip through
// it takes so much longer, however much is under way at once.
func (c *Cluster) Between(t testing.TB, roundTrip time.Duration) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, server: c.Address(), way: roundTrip / 2, conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL leads through the proxy to where another connection string of its server
// leads.
func (p *Proxy) URL(t testing.TB, direct string) string {
	t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.listener.Addr().String()
	return u.String()
}

// LoseCommit lets the next answer to a COMMIT get lost: the server has carried it
// out, and the node finds the connection gone.
func (p *Proxy) LoseCommit() { p.lose.Store(true) }

// Lost tells how many answers were lost.
func (p *Proxy) Lost() int64 { return p.lost.Load() }

// Narrow lets no more than so many bytes through to the server in a round trip, as
// TCP does with a connection that has rested.
func (p *Proxy) Narrow(bytes int) { p.narrow.Store(int64(bytes)) }

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close() // both ends are ours
	}
	p.mu.Unlock()
	_ = p.listener.Close()
	p.running.Wait()
}

// keep notes a connection, to be closed with the proxy; false if that is closed.
func (p *Proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

func (p *Proxy) accept() {
	for {
		node, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = node.Close()
			continue
		}
		if !p.keep(node) || !p.keep(server) {
			continue
		}
		end := sync.OnceFunc(func() {
			_, _ = node.Close(), server.Close()
			p.mu.Lock()
			delete(p.conns, node)
			delete(p.conns, server)
			p.mu.Unlock()
		})
		p.running.Go(func() { p.carry(node, server, end, nil) })
		p.running.Go(func() { p.carry(server, node, end, p.loses) })
	}
}

// committed is the server's answer to a COMMIT: a message 'C' of 11 bytes.
var committed = []byte("C\x00\x00\x00\x0bCOMMIT\x00")

// loses tells whether this is the answer to get lost.
func (p *Proxy) loses(sent []byte) bool {
	if bytes.Contains(sent, committed) && p.lose.CompareAndSwap(true, false) {
		p.lost.Add(1)
		return true
	}
	return false
}

// piece is what was read at once, and when it is due.
type piece struct {
	bytes []byte
	due   time.Time
}

// atOnce is how many bytes are taken at once.
func (p *Proxy) atOnce(towardsServer bool) int64 {
	if most := p.narrow.Load(); towardsServer && most > 0 {
		return min(most, 64<<10)
	}
	return 64 << 10
}

// carry brings everything from one side to the other, each piece after its way.
// Pieces follow each other as they came: distance is not narrowness.
func (p *Proxy) carry(from, to net.Conn, end func(), loses func([]byte) bool) {
	defer end()
	under := make(chan piece, 4096)
	var delivering sync.WaitGroup
	delivering.Go(func() {
		defer end()
		for piece := range under {
			time.Sleep(time.Until(piece.due))
			if _, err := to.Write(piece.bytes); err != nil {
				for range under { // until the reader has noticed
				}
				return
			}
		}
	})
	defer delivering.Wait()
	defer close(under)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf[:p.atOnce(loses == nil)])
		if n > 0 && loses != nil && loses(buf[:n]) {
			return
		}
		if n > 0 {
			under <- piece{bytes.Clone(buf[:n]), time.Now().Add(p.way)}
			if loses == nil && int64(n) == p.narrow.Load() {
				time.Sleep(2 * p.way) // until the server's side has confirmed it
			}
		}
		if err != nil {
			return
		}
	}
}
