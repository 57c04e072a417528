package app

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"homing"
	"homing/internal/engine/spool"
)

// gaugeEvery is how often is measured what takes a disk's answer.
const gaugeEvery = 10 * time.Second

// stepLeast is how far the clock must have moved against the time that passed to
// have stepped. What corrects clocks without steps moves them a two-thousandth.
const stepLeast = 500 * time.Millisecond

// gauged is what was measured last. A disk that hangs leaves it as it is, and
// holds up nobody who scrapes.
type gauged struct {
	spoolBytes, ledgerBytes atomic.Int64
	spoolOldest             atomic.Int64 // milliseconds; 0 = not known
	clockSteps              atomic.Uint64
}

// gauge measures until ctx is done.
func (s *server) gauge(ctx context.Context) {
	tick := time.NewTicker(gaugeEvery)
	defer tick.Stop()
	last := s.clock()
	for {
		s.gaugeStorage(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.clock()
		if by := stepOf(now.Round(0).Sub(last.Round(0)), now.Sub(last)); by.Abs() >= stepLeast {
			s.gauged.clockSteps.Add(1)
			s.log.Warn("the clock was set", "by", by)
		}
		last = now
	}
}

// stepOf is by how much the clock was set, from what it says has passed and what
// has: between two times with a monotonic clock, which nobody can set, Sub goes by
// that. A machine that was asleep looks the same.
func stepOf(wall, passed time.Duration) time.Duration { return wall - passed }

// gaugeStorage asks the disk. What it does not tell stays as it was.
func (s *server) gaugeStorage(ctx context.Context) {
	h := s.house
	patience, cancel := context.WithTimeout(ctx, gaugeEvery)
	defer cancel()
	_, _ = s.disk.Look(patience, homing.MillisOf(s.clock())) // the watch tells people
	if size, err := h.ledger.Size(); err == nil {
		s.gauged.ledgerBytes.Store(size)
	}
	if size, err := sizeOf(h.dir.file(spoolDir)); err == nil {
		s.gauged.spoolBytes.Store(size)
	}
	h.lastBackup(patience) // remembered, for the next scrape
	for r, err := range h.spool.Scan(patience, spool.Query{}) {
		if err == nil {
			s.gauged.spoolOldest.Store(int64(r.At))
		}
		break
	}
}

// sizeOf is what the files below a directory take, in bytes. Files that go
// meanwhile are no matter.
func sizeOf(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size, err
}

// memoryLimit is what the machine has, or the group this process runs in may
// take, in bytes; 0 if the system does not tell.
func memoryLimit() (limit int64) {
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "MemTotal:")
		line, _, _ := strings.Cut(rest, " kB")
		if n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64); err == nil {
			limit = n << 10
		}
	}
	for _, file := range groupFiles() {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && (limit == 0 || n < limit) {
			limit = n
		}
	}
	return limit
}

// groupFiles name what limits this process's memory: its control group's file,
// and, because a container sees only its own, the topmost.
func groupFiles() []string {
	const root, file = "/sys/fs/cgroup", "memory.max"
	files := []string{filepath.Join(root, file), filepath.Join(root, "memory/memory.limit_in_bytes")}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return files
	}
	for line := range strings.Lines(string(text)) {
		if own, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			files = append(files, filepath.Join(root, own, file))
		}
	}
	return files
}
