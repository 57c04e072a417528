package homing

import "net/netip"

// How much of an address is kept where it leaves the spool, and in everything
// that is stored of a postback: enough to tell networks apart, too little to
// tell people apart.
const (
	KeptBits4 = 24
	KeptBits6 = 48
)

// CutAddr cuts an address by policy: IPv4 to its /24, IPv6 to its /48. An IPv4
// address written as IPv6 is an IPv4 address. The invalid address stays what it
// is. It allocates nothing.
func CutAddr(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	bits := KeptBits6
	if addr.Is4() {
		bits = KeptBits4
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Addr{} // the invalid address has no prefix
	}
	return prefix.Addr()
}
