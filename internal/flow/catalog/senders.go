package catalog

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ParseSenders reads the networks that an account's postbacks may come from, as
// people write them: 203.0.113.0/24, a single address, an address within a
// network. Empty texts are passed over, repeats are dropped. The error is a
// *FieldError that names the first one that is no network.
func ParseSenders(texts []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		network, ok := parseNetwork(text)
		if !ok {
			return nil, wrong("senders", "senders", "%s is no network: want 203.0.113.0/24, 2001:db8::/32 or a single address", shortText(text))
		}
		if !slices.Contains(networks, network) {
			networks = append(networks, network)
		}
	}
	return networks, nil
}

// parseNetwork reads one. An IPv4 network written as IPv6 is an IPv4 network, as
// the door takes addresses.
func parseNetwork(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if addr := network.Addr(); addr.Is4In6() {
		if network.Bits() < 96 {
			return netip.Prefix{}, false
		}
		network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
	}
	return network.Masked(), true
}

// shortText quotes what somebody wrote, not all of it if it is long.
func shortText(text string) string {
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

// SenderTexts writes networks as ParseSenders reads them: a single address
// without its length.
func SenderTexts(networks []netip.Prefix) []string {
	texts := []string{}
	for _, n := range networks {
		if n.IsSingleIP() {
			texts = append(texts, n.Addr().String())
			continue
		}
		texts = append(texts, n.String())
	}
	return texts
}
