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
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, err
	}
	// A large pipe saves turns between the two processes; without it all works.
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, 1<<20)
	_, _ = unix.FcntlInt(0, unix.F_SETPIPE_SZ, 1<<20)
	return os.NewFile(uintptr(fd), "frames"), nil
}
