package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"homing/internal/engine/warehouse/duckdb/process"
)

// usage is what processes have used since they began.
type usage struct {
	parent, child time.Duration // processor time
	parentPeak    int64         // bytes of memory, at most
	childPeak     int64
	pid           int // of the child; 0 = there is none
}

// used reads what this process and the warehouse's have used so far.
func used() (u usage) {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil {
		u.parent = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	u.parentPeak = peakOf(os.Getpid())
	if u.pid = childPid(); u.pid != 0 {
		u.child = processorOf(u.pid)
		u.childPeak = peakOf(u.pid)
	}
	return u
}

// childPid finds the warehouse's process among ours.
func childPid() int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		fields := statOf(path)
		if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		command, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err == nil && bytes.Contains(command, []byte(process.Argument)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}

// statOf are the fields of a process' stat behind its name: state, parent, ….
func statOf(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // it has ended meanwhile
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

func processorOf(pid int) time.Duration {
	const user, system, tick = 11, 12, time.Second / 100
	fields := statOf(fmt.Sprintf("/proc/%d/stat", pid))
	if len(fields) <= system {
		return 0
	}
	u, _ := strconv.ParseInt(fields[user], 10, 64)
	s, _ := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(u+s) * tick
}

func peakOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// freeBytes is how much room a directory's disk has.
func freeBytes(dir string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0
	}
	return int64(s.Bavail) * s.Bsize
}
