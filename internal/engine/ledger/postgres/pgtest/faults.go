package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// signal sends a signal to the server and all its processes, or fails the test.
func (c *Cluster) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if c.proc == nil {
		t.Fatal("the server does not run")
	}
	for _, pid := range append([]int{c.proc.Process.Pid}, childrenOf(c.proc.Process.Pid)...) {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}

// Kill ends all of the server's processes at once, as a crash would.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	c.signal(t, syscall.SIGKILL)
	<-c.done
	c.proc = nil
}

// Freeze halts all of the server's processes until Thaw: it neither answers nor
// ends connections.
func (c *Cluster) Freeze(t testing.TB) { c.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (c *Cluster) Thaw(t testing.TB) { c.signal(t, syscall.SIGCONT) }

// Restart runs a server that was killed or stopped again, on the same port.
func (c *Cluster) Restart(t testing.TB) {
	t.Helper()
	if err := c.boot(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server in order; its clients' connections are ended.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	if err := c.proc.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-c.done
	c.proc = nil
}

// KillBackend kills one process of the server that serves a connection. The server
// takes that for a crash, ends all connections and recovers.
func (c *Cluster) KillBackend(t testing.TB, statement string) {
	t.Helper()
	pid, err := strconv.Atoi(c.Value(t, "postgres", fmt.Sprintf(
		"SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY query LIKE '%%%s%%' DESC LIMIT 1", statement)))
	if err != nil {
		t.Fatalf("no backend serves %q: %v", statement, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// CPU is the processor time that the server's processes have used so far, as finely
// as the system tells it.
func (c *Cluster) CPU() (used time.Duration) {
	pid := c.proc.Process.Pid
	used = usedBy(pid, true)
	for _, child := range childrenOf(pid) {
		used += usedBy(child, false)
	}
	return used
}

// releaseMemory gives back the shared memory that a killed server leaves: its
// number stands in the seventh line of its pid file.
func (c *Cluster) releaseMemory() {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return // it ended in order
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 7 {
		return
	}
	if fields := strings.Fields(lines[6]); len(fields) == 2 {
		if id, err := strconv.Atoi(fields[1]); err == nil {
			removeMemory(id)
		}
	}
}
