package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// reserve takes disk for a file without writing it; not every file system can
// (EOPNOTSUPP, ENOSYS).
func reserve(f *os.File, size int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
