//go:build !linux

package simulate

import "syscall"

// dieWithParent does nothing: only Linux can tie a child to its parent.
func dieWithParent(*syscall.SysProcAttr) {}

// warehouseOf finds nothing: only Linux has /proc to look in.
func warehouseOf(int) int { return 0 }

func isWarehouse(int) bool { return false }
