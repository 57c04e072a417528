package process

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

const (
	mostMemory  = 4 << 30
	leastMemory = 128 << 20
)

func cores() int { return runtime.GOMAXPROCS(0) }

// defaultMemory is a quarter of what the machine, or the group the server runs
// in, has; 1 GiB if nothing tells.
func defaultMemory() int64 {
	has := int64(mostMemory)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		has = kilobytes(string(text), "MemTotal:")
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			has = min(has, limit)
		}
	}
	return max(leastMemory, min(has/4, mostMemory))
}

// heldMemory is what a process holds that is not just a file's pages, in bytes;
// 0 where the system does not tell.
func heldMemory(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	return kilobytes(string(text), "RssAnon:")
}

// kilobytes reads the line "name   123 kB", in bytes.
func kilobytes(text, name string) int64 {
	_, rest, _ := strings.Cut(text, name)
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
