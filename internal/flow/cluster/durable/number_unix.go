//go:build unix

package durable

import (
	"io/fs"
	"syscall"
)

func numberOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
