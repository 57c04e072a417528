package judge

import "net/netip"

// permitted tells whether a call may come from an address: from everywhere, if
// the account names no networks. It stands before the key, so that a key which
// got into other hands opens nothing from elsewhere.
func permitted(senders []netip.Prefix, addr netip.Addr) bool {
	if len(senders) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, network := range senders {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}
