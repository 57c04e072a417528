package simulate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has the kernel kill the child when the thread that started it
// ends, so that it outlives not even a SIGKILL of the simulation.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

// warehouseArgument is what makes homing the process of the warehouse.
const warehouseArgument = "warehouse-process"

// warehouseOf finds the warehouse's process of a server: a child of it with that
// argument; 0 if there is none now.
func warehouseOf(server int) int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state ppid …", and the name may hold anything
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(server) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && isWarehouse(pid) {
			return pid
		}
	}
	return 0
}

// isWarehouse tells whether a process has the argument.
func isWarehouse(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	for arg := range bytes.SplitSeq(line, []byte{0}) {
		if string(arg) == warehouseArgument {
			return true
		}
	}
	return false
}
