//go:build !linux

package sqlite

import (
	"os"
	"syscall"
)

// reserve cannot: only Linux has a call for it that is the same everywhere.
func reserve(*os.File, int64) error { return syscall.ENOSYS }
