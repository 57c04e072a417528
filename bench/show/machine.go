package show

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine describes what the figures were taken on.
func Machine() string {
	words := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if model := field("/proc/cpuinfo", "model name"); model != "" {
		words[0] += " (" + model + ")"
	}
	if kib, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		words = append(words, fmt.Sprintf("%.0f GiB of memory", float64(kib)/(1<<20)))
	}
	return strings.Join(append(words, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version()), ", ")
}

// Busy watches for a while how much of the machine's processor time others take, of
// 1; 0 if the system does not tell.
func Busy(watched time.Duration) float64 {
	busy, all := processorTimes()
	time.Sleep(watched)
	busyThen, allThen := processorTimes()
	if allThen <= all {
		return 0
	}
	return float64(busyThen-busy) / float64(allThen-all)
}

// processorTimes are those since the machine began, in its own unit.
func processorTimes() (busy, all int64) {
	const idle, waiting = 3, 4 // user, nice, system, idle, waiting for a disk, …
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, word := range strings.Fields(strings.TrimPrefix(line, "cpu ")) {
		n, _ := strconv.ParseInt(word, 10, 64) // they are digits
		all += n
		if i != idle && i != waiting {
			busy += n
		}
	}
	return busy, all
}

// Resident is the memory that a process takes, in bytes; 0 if the system does not
// tell, or it has gone.
func Resident(pid int) int64 {
	kib, _ := strconv.ParseInt(strings.TrimSuffix(field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS"), " kB"), 10, 64)
	return kib << 10
}

// field reads a line like "name : value".
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Grouped writes 1234567 as 1,234,567.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
