//go:build !linux

package child

import (
	"os"

	"golang.org/x/sys/unix"
)

// guardOutput returns what standard output was, and lets file descriptor 1 be
// standard error.
func guardOutput() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "frames"), nil
}
