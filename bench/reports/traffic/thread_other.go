//go:build !linux

package traffic

// ownThread does nothing here.
func ownThread() (release func()) { return func() {} }

// threadTime cannot be told here.
func threadTime() int64 { return 0 }
