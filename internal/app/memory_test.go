package app

import "testing"

// TestMemoryBesideReports leaves the reports theirs, and seven parts of 25 to what
// Go does not count.
func TestMemoryBesideReports(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		allowed uint64
		reports Bytes
		want    int64
	}{
		{1024 * mib, 256 * mib, 768 * mib / 25 * 18},
		{256 * mib, 0, 256 * mib / 25 * 18},
		{256 * mib, 256 * mib, leastMemory}, // nothing is left: as little as works
		{128 * mib, 512 * mib, leastMemory},
		{1 << 63, 0, 1 << 60 / 25 * 18}, // as good as no limit
	} {
		if got := memoryBeside(c.allowed, c.reports); got != c.want {
			t.Errorf("of %d with %d for reports: %d, want %d", c.allowed, c.reports, got, c.want)
		}
	}
}

// TestLedgerCache is a small part of a limited memory.
func TestLedgerCache(t *testing.T) {
	const mib = 1 << 20
	for limit, want := range map[int64]int64{
		1<<63 - 1: 0, 185 * mib: 185 * mib / 32, 64 * mib: 4 * mib, 1 << 35: 64 * mib,
	} {
		if got := cacheOf(limit); got != want {
			t.Errorf("of %d: %d, want %d", limit, got, want)
		}
	}
}
