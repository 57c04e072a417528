//go:build !linux

package doctor

// behindTheDoors cannot be said of one thread here; resting must do.
func behindTheDoors() {}
