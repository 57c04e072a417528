//go:build !linux

package child

import "golang.org/x/sys/unix"

// beModest lowers the priority of the process.
func beModest() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, 10) }
