package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dieWithTest lets a test that is killed take its server along.
func dieWithTest(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }

// childrenOf are the processes that a process has started.
func childrenOf(pid int) (pids []int) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil // the pattern is ours
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// usedBy is the processor time of a process, give or take a hundredth of a second,
// with that of its children that have ended, if it is asked for.
func usedBy(pid int, withEnded bool) (used time.Duration) {
	const tick = 10 * time.Millisecond // of every Linux
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0 // it has just ended; its time is its parent's
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	last := 13 // utime, stime
	if withEnded {
		last = 15 // cutime, cstime
	}
	for _, field := range fields[11:last] {
		if n, err := strconv.Atoi(field); err == nil {
			used += time.Duration(n) * tick
		}
	}
	return used
}

// removeMemory gives a segment of shared memory back; best effort.
func removeMemory(id int) { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) }
