//go:build !unix

package edge

import "net"

// waiting does nothing special here.
type waiting struct{}

func (waiting) read(c net.Conn, p []byte) (int, error) { return c.Read(p) }
