//go:build !linux

package edge

import (
	"errors"
	"net"
)

// turnNewAway is for Linux only; elsewhere connections that arrive in the very
// moment of closing are reset.
func turnNewAway(net.Listener) error { return errors.ErrUnsupported }
