package edge

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// limits count connections, of all and of each address.
type limits struct {
	all, perAddr int // 0 = no limit
	trusted      []netip.Prefix

	mu    sync.Mutex
	total int                // guarded by mu
	open  map[netip.Addr]int // guarded by mu: by address, IPv6 by its /64

	leaving atomic.Int32 // connections that are being turned away
}

// tooMany tells which limit a connection was beyond.
type tooMany uint8

const (
	tooManyInAll tooMany = iota
	tooManyOfAddr
	tooManyKinds
)

func (l *limits) admit(c net.Conn, peer netip.Addr) (*conn, tooMany) {
	admitted := &conn{Conn: c, limits: l, peer: peer, trusted: l.trusts(peer)}
	if l.perAddr > 0 && peer.IsValid() && !peer.IsLoopback() && !admitted.trusted {
		admitted.counted = network(peer)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all > 0 && l.total >= l.all {
		return nil, tooManyInAll
	}
	if admitted.counted.IsValid() {
		if l.open[admitted.counted] >= l.perAddr {
			return nil, tooManyOfAddr
		}
		l.open[admitted.counted]++
	}
	l.total++
	return admitted, 0
}

func (l *limits) release(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if !c.counted.IsValid() {
		return
	}
	if l.open[c.counted]--; l.open[c.counted] <= 0 {
		delete(l.open, c.counted)
	}
}

func (l *limits) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// trusts tells whether an address is a trusted proxy's.
func (l *limits) trusts(addr netip.Addr) bool {
	for _, p := range l.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// unmapped returns prefixes as peers' addresses are compared: IPv4 as IPv4.
func unmapped(prefixes []netip.Prefix) (all []netip.Prefix) {
	const mapped = 96
	for _, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= mapped {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
		}
		all = append(all, p)
	}
	return all
}

// network is what an address is counted as: IPv6 users have a /64 at least.
func network(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return p.Addr()
}

// maxLeaving bounds the goroutines that turn connections away politely.
const maxLeaving = 64

var turnedAway = []byte("HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n" +
	"Retry-After: 1\r\nConnection: close\r\nContent-Length: 43\r\n\r\n" +
	`{"error":{"msg":"temporarily unavailable"}}`)

// turnAway answers a connection that is beyond the limits. It does not wait:
// a fresh connection has room for the answer.
func (l *limits) turnAway(c net.Conn, tls bool) {
	if tls {
		_ = c.Close()
		return
	}
	_ = c.SetDeadline(time.Now().Add(lingerTime))
	_, _ = c.Write(turnedAway)
	if l.leaving.Add(1) > maxLeaving {
		l.leaving.Add(-1)
		_ = c.Close()
		return
	}
	go func() {
		defer l.leaving.Add(-1)
		linger(c)
		_ = c.Close()
	}()
}
