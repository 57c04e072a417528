package torture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// group is a control group (of the first version) that limits a process' share of
// a core and its memory.
type group struct{ cpu, memory string }

// cpuPeriod is over how long a share of a core is counted. The usual 100 ms would
// keep a process waiting for longer than what is measured.
const cpuPeriod = 10 * time.Millisecond

// groupsOf is where control groups of a kind are; "" = there are none.
func groupsOf(kind string) string {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[2] != "cgroup" {
			continue
		}
		for option := range strings.SplitSeq(fields[3], ",") {
			if option == kind {
				return fields[1]
			}
		}
	}
	return ""
}

// overloadNeeds says why a share of a core cannot be given here.
func overloadNeeds() string {
	var limit syscall.Rlimit
	switch {
	case os.Geteuid() != 0:
		return "it limits processor and memory by control groups, which needs root"
	case groupsOf("cpu") == "" || groupsOf("memory") == "":
		return "this machine has no control groups of the first version for processor and memory"
	case syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Max < 16_384:
		return "a process may not have 16,384 files open here"
	case load() > float64(runtime.NumCPU()):
		return fmt.Sprintf("it measures, and others have the machine: the load is %.1f on %d cores", load(), runtime.NumCPU())
	}
	return ""
}

// load is the load average of the last minute, 0 if it is not known.
func load() float64 {
	text, _ := os.ReadFile("/proc/loadavg") // what is not there is no load
	first, _, _ := strings.Cut(string(text), " ")
	n, _ := strconv.ParseFloat(first, 64)
	return n
}

// newGroup makes a group that comes before everybody else on its core, with so
// much of it and so many bytes of memory; 0 = as much as there is.
func newGroup(name string, share float64, memory int64) (*group, error) {
	name = fmt.Sprintf("homing-torture-%d-%s", os.Getpid(), name)
	g := &group{filepath.Join(groupsOf("cpu"), name), filepath.Join(groupsOf("memory"), name)}
	quota := int64(-1)
	if share > 0 {
		quota = int64(share * float64(cpuPeriod.Microseconds()))
	}
	if memory == 0 {
		memory = -1
	}
	settings := []struct {
		dir, file string
		value     int64
	}{
		{g.cpu, "cpu.shares", firstShares},
		{g.cpu, "cpu.cfs_period_us", cpuPeriod.Microseconds()},
		{g.cpu, "cpu.cfs_quota_us", quota},
		{g.memory, "memory.limit_in_bytes", memory},
	}
	for _, s := range settings {
		err := os.Mkdir(s.dir, 0o755)
		if err == nil || errors.Is(err, os.ErrExist) {
			err = os.WriteFile(filepath.Join(s.dir, s.file), []byte(strconv.FormatInt(s.value, 10)), 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("couldn't make a control group: %w", errors.Join(err, g.Close()))
		}
	}
	return g, nil
}

// firstShares is the weight of a group against that of any other process, which is
// 1,024.
const firstShares = 200_000

// Take puts a process, not what it has started before, into the group.
func (g *group) Take(pid int) error {
	for _, dir := range []string{g.cpu, g.memory} {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
			return fmt.Errorf("couldn't limit process %d: %w", pid, err)
		}
	}
	return nil
}

// Peak is the most memory that the group had, in bytes, with what it wrote to
// files lately.
func (g *group) Peak() int64 {
	text, _ := os.ReadFile(filepath.Join(g.memory, "memory.max_usage_in_bytes"))
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // 0 if it is not known
	return n
}

// Close removes the group; its processes must have ended.
func (g *group) Close() error {
	var failed error
	for _, dir := range []string{g.cpu, g.memory} {
		err := os.Remove(dir)
		for i := 0; i < 50 && errors.Is(err, syscall.EBUSY); i++ { // they are just ending
			time.Sleep(20 * time.Millisecond)
			err = os.Remove(dir)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// trustAny opens a TLS connection to a self-signed server.
func trustAny(ctx context.Context, address string) (net.Conn, error) {
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{InsecureSkipVerify: true}}
	return d.DialContext(ctx, "tcp", address)
}
