// Package sender tells whom a request to the desk listener comes from.
package sender

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Of is the address a request comes from. Of X-Forwarded-For only what trusted
// proxies appended is believed: the last address that is none of theirs. The
// zero Addr if nothing is known.
func Of(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}
