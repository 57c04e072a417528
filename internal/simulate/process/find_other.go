//go:build !linux

package process

import "syscall"

// dieWithParent does nothing: only Linux can tie a child to its parent.
func dieWithParent(*syscall.SysProcAttr) {}

// childrenOf finds nothing: only Linux has /proc to look in.
func childrenOf(int) []int { return nil }

func isWarehouse(int) bool { return false }
