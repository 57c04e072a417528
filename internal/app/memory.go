package app

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// leastMemory is what this process is allowed before its garbage is collected
	// ever more often, however little there is: below it, it would do nothing else.
	leastMemory = 64 << 20
	// leastReports and mostReports bound what reports get of a limited memory.
	leastReports, mostReports = 128 << 20, 4 << 30
)

// memory is how a limited memory is divided, in bytes; 0 leaves it to whoever gets it.
type memory struct {
	reports Bytes // the embedded warehouse's process
	ledger  int64 // pages that an embedded ledger keeps
}

// shareMemory divides what a control group (a container, systemd's MemoryMax) allows
// among reports, which get a quarter if nothing else is asked for, and this process,
// whose garbage is collected so that it stays within 18 of 25 parts of the rest: the
// others are for what the Go runtime does not count, the kernel's sockets and the
// ledger's pages among it. Who sets GOMEMLIMIT knows better.
func shareMemory(cfg *Config, log *slog.Logger) memory {
	limit := debug.SetMemoryLimit(-1)
	m := memory{reports: cfg.WarehouseMemory}
	allowed, err := memlimit.FromCgroup()
	if err != nil { // no limit, or no control groups
		m.ledger = cacheOf(limit)
		return m
	}
	m.ledger = cacheOf(min(limit, int64(min(allowed, 1<<60))))
	switch {
	case cfg.Warehouse != "":
		m.reports = 0 // it has a machine of its own
	case m.reports == 0:
		m.reports = Bytes(min(max(allowed/4, leastReports), mostReports))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		own := memoryBeside(allowed, m.reports)
		debug.SetMemoryLimit(own)
		log.Info("memory is limited by a control group", "allowed", inBytes(int64(allowed)), "reports", inBytes(int64(m.reports)), "own", inBytes(own))
	}
	return m
}

// memoryBeside is what this process may use beside reports, in bytes.
func memoryBeside(allowed uint64, reports Bytes) int64 {
	return max(leastMemory, (int64(min(allowed, 1<<60))-int64(reports))/25*18)
}

// cacheOf is how much of a limited memory the ledger keeps pages in. It is not Go's
// memory, and no collection of garbage frees it.
func cacheOf(limit int64) int64 {
	const unlimited, least, most = 1 << 40, 4 << 20, 64 << 20
	if limit >= unlimited {
		return 0
	}
	return min(max(limit/32, least), most)
}
