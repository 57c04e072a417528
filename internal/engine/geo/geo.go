// Package geo is the contract of what finds the place of an address. The
// operator supplies the data; without any, nothing is known of any address.
package geo

import "net/netip"

// Place is what is known of an address; empty where nothing is.
type Place struct {
	Country string // two letters, upper case
	Region  string // name in English, or code
	City    string // name in English
	Carrier string // mobile carrier
	ISP     string // provider, or the name of the autonomous system
}

// Finder finds places. It is safe for concurrent use, takes microseconds, and
// an address that it does not know has the empty Place.
type Finder interface {
	Find(addr netip.Addr) Place
}

// Nowhere knows no place.
type Nowhere struct{}

// Find answers the empty Place.
func (Nowhere) Find(netip.Addr) Place { return Place{} }
