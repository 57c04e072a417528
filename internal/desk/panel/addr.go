package panel

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// client is whom a request comes from. Of X-Forwarded-For only what trusted
// proxies appended is believed: the last address that is none of theirs.
func (p *panel) client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.trusts(addr) {
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

func (p *panel) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.TrustedProxies, func(trusted netip.Prefix) bool { return trusted.Contains(addr) })
}
