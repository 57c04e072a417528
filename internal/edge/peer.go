package edge

import (
	"bytes"
	"net/netip"
	"unsafe"

	"github.com/valyala/fasthttp"
)

var (
	headerForwardedFor   = []byte("X-Forwarded-For")
	headerForwardedProto = []byte("X-Forwarded-Proto")
)

// source is where a request came from.
type source struct {
	addr  netip.Addr // the client's; unmapped, invalid if unknown
	https bool       // TLS on our own listener, or a trusted proxy says so
	// claimsHTTPS: an untrusted peer says so.
	claimsHTTPS bool
}

// readSource finds out where the request came from. Only a trusted proxy's
// word counts, and only if all of it says the same; everybody else's is noted
// for the operator.
func (w *work) readSource() {
	h := &w.ctx.Request.Header
	w.source = source{addr: w.conn.peer, https: w.ctx.IsTLS()}
	if w.conn.trusted {
		w.https = w.https || allHTTPS(h.PeekAll("X-Forwarded-Proto"))
		w.addr = w.edge.clientAddr(w.addr, h.PeekAll("X-Forwarded-For"))
		return
	}
	proto := h.PeekCanonical(headerForwardedProto)
	if len(proto) == 0 && len(h.PeekCanonical(headerForwardedFor)) == 0 {
		return
	}
	w.edge.notices.untrusted(w.addr)
	if len(proto) > 0 && !w.https {
		w.claimsHTTPS = allHTTPS(h.PeekAll("X-Forwarded-Proto"))
	}
}

// allHTTPS tells whether every value of every header line says https. There
// must be one.
func allHTTPS(lines [][]byte) bool {
	for _, line := range lines {
		for more := true; more; {
			var value []byte
			value, line, more = bytes.Cut(line, []byte(","))
			if !isHTTPS(bytes.TrimSpace(value)) {
				return false
			}
		}
	}
	return len(lines) > 0
}

func isHTTPS(value []byte) bool {
	const https = "https"
	if len(value) != len(https) {
		return false
	}
	for i := range len(https) {
		if value[i]|0x20 != https[i] {
			return false
		}
	}
	return true
}

// clientAddr walks the addresses that proxies have noted from the nearest to
// the farthest, as long as each is told by a trusted one. What is no address
// ends the walk.
func (e *Edge) clientAddr(peer netip.Addr, lines [][]byte) netip.Addr {
	addr := peer
	for i := len(lines) - 1; i >= 0; i-- {
		for line := lines[i]; line != nil; {
			var last []byte
			if comma := bytes.LastIndexByte(line, ','); comma >= 0 {
				line, last = line[:comma], line[comma+1:]
			} else {
				line, last = nil, line
			}
			next, ok := parseAddr(bytes.TrimSpace(last))
			if !ok {
				return addr
			}
			if addr = next; !e.conns.trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

// maxAddrLen is the longest address with a port.
const maxAddrLen = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")

// parseAddr reads an address as proxies write it: bare, or with a port.
func parseAddr(text []byte) (netip.Addr, bool) {
	if len(text) == 0 || len(text) > maxAddrLen || bytes.IndexByte(text, '%') >= 0 {
		return netip.Addr{}, false
	}
	// The string lives no longer than the call.
	s := unsafe.String(unsafe.SliceData(text), len(text))
	if text[0] == '[' || bytes.Count(text, []byte(":")) == 1 {
		if ap, err := netip.ParseAddrPort(s); err == nil {
			return ap.Addr().Unmap(), true
		}
		if text[0] != '[' || text[len(text)-1] != ']' {
			return netip.Addr{}, false
		}
		s = s[1 : len(s)-1]
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap(), err == nil
}

var (
	headerSecFetchMode = []byte("Sec-Fetch-Mode")
	headerSecFetchSite = []byte("Sec-Fetch-Site")
	headerOrigin       = []byte("Origin")
)

// fromPage tells whether a request looks like one that a web page made. Old
// browsers tell it by the Referer of an image alone; no server has one to send.
func fromPage(h *fasthttp.RequestHeader) bool {
	return len(h.PeekCanonical(headerSecFetchMode)) > 0 ||
		len(h.PeekCanonical(headerSecFetchSite)) > 0 ||
		len(h.PeekCanonical(headerOrigin)) > 0 ||
		len(h.PeekCanonical(headerReferer)) > 0
}
