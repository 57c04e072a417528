package restart

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropFromCache throws a file out of the page cache.
func dropFromCache(f *os.File) error { return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
