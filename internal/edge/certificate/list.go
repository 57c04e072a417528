package certificate

import "homing"

// Info tells of a certificate that is served.
type Info struct {
	File    string
	Subject string
	Names   []string // hosts and addresses it is for
	Issuer  string
	Begins  homing.Millis
	Ends    homing.Millis
	// SelfSigned: nobody vouches for it. Ours: homing made it, and renews it.
	SelfSigned, Ours bool
}

// List tells of every certificate, in the order of the files.
func (s *Store) List() (list []Info) {
	for i, c := range *s.chosen.Load() {
		leaf := c.Leaf
		info := Info{
			File: s.options.Certs[i], Subject: leaf.Subject.CommonName, Names: append([]string{}, leaf.DNSNames...), Issuer: leaf.Issuer.CommonName,
			Begins: homing.MillisOf(leaf.NotBefore), Ends: homing.MillisOf(leaf.NotAfter),
			SelfSigned: string(leaf.RawIssuer) == string(leaf.RawSubject), Ours: s.renew != nil,
		}
		for _, addr := range leaf.IPAddresses {
			info.Names = append(info.Names, addr.String())
		}
		list = append(list, info)
	}
	return list
}
