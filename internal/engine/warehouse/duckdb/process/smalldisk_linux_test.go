package process_test

import (
	"syscall"
	"testing"
)

// smallDisk mounts a file system of a size ("16m") for the test, and answers
// what gives it another.
func smallDisk(t *testing.T, size string) (dir string, resize func(size string) error) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("a small file system needs root:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // it goes with the machine otherwise
	return dir, func(size string) error { return syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size="+size) }
}
