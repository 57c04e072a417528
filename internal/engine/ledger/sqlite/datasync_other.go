//go:build !linux

package sqlite

import "syscall"

// syncsData: what fsync does beside fdatasync differs between systems.
const syncsData = false

func datasync(int) error { return syscall.ENOSYS }
