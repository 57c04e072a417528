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

// shareMemory divides what a control group (a container, systemd's MemoryMax) allows
// among reports, which get a quarter if nothing else is asked for, and this process,
// whose garbage is collected so that it stays within 18 of 25 parts of the rest: the
// others are for what the Go runtime does not count, the kernel's sockets and the
// ledger's cache of pages among it. Who sets GOMEMLIMIT knows better. It returns what reports get; 0
// leaves it to the warehouse.
func shareMemory(cfg *Config, log *slog.Logger) Bytes {
	allowed, err := memlimit.FromCgroup()
	if err != nil { // no limit, or no control groups
		return cfg.WarehouseMemory
	}
	reports := cfg.WarehouseMemory
	if reports == 0 {
		reports = Bytes(min(max(allowed/4, leastReports), mostReports))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		own := memoryBeside(allowed, reports)
		debug.SetMemoryLimit(own)
		log.Info("memory is limited by a control group", "allowed", inBytes(int64(allowed)), "reports", inBytes(int64(reports)), "own", inBytes(own))
	}
	return reports
}

// memoryBeside is what this process may use beside reports, in bytes.
func memoryBeside(allowed uint64, reports Bytes) int64 {
	return max(leastMemory, (int64(min(allowed, 1<<60))-int64(reports))/25*18)
}

// ledgerCache is how much of a limited memory the ledger keeps pages in, in bytes; 0 =
// nothing limits it. It is not Go's memory, and no collection of garbage frees it.
func ledgerCache() int64 {
	limit := debug.SetMemoryLimit(-1)
	if allowed, err := memlimit.FromCgroup(); err == nil {
		limit = min(limit, int64(min(allowed, 1<<60)))
	}
	return cacheOf(limit)
}

func cacheOf(limit int64) int64 {
	const unlimited, least, most = 1 << 40, 4 << 20, 64 << 20
	if limit >= unlimited {
		return 0
	}
	return min(max(limit/32, least), most)
}
