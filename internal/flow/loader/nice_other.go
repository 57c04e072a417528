//go:build !linux

package loader

// behindTheDoors does nothing where threads have no priority of their own; the
// loader still yields.
func behindTheDoors() {}
