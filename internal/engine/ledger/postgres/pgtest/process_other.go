//go:build !linux

package pgtest

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// dieWithTest does nothing here: a test that is killed leaves its server behind.
func dieWithTest(*syscall.SysProcAttr) {}

// childrenOf are the processes that a process has started.
func childrenOf(pid int) (pids []int) {
	out, err := exec.Command("ps", "-axo", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var child, parent int
		if n, _ := fmt.Sscan(lines.Text(), &child, &parent); n == 2 && parent == pid {
			pids = append(pids, child)
		}
	}
	return pids
}

// usedBy is not known here.
func usedBy(int, bool) time.Duration { return 0 }

// removeMemory leaves it to the system.
func removeMemory(int) {}
