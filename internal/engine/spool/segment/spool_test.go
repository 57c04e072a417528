package segment

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
	"homing/internal/engine/spool"
	"homing/internal/engine/spool/spooltest"
)

// at is some moment to date records from.
const at homing.Millis = 1_800_000_000_000

func testClock() time.Time { return at.Time() }

// options are those of most tests: small files, little patience.
func options(fs vfs.FS) Options {
	return Options{FS: fs, Dir: "spool", SegmentSize: 64 << 10, Clock: testClock, Patience: time.Second}
}

func mustOpen(t testing.TB, opts Options) *Spool {
	t.Helper()
	s, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestConformanceInMemory(t *testing.T) {
	spooltest.Run(t, func(testing.TB) spooltest.Opener {
		fs := vfs.NewMem()
		return func() (spool.Spool, error) { return Open(options(fs)) }
	})
}

func TestConformanceOnDisk(t *testing.T) {
	spooltest.Run(t, func(t testing.TB) spooltest.Opener {
		opts := options(nil)
		opts.Dir = t.TempDir()
		return func() (spool.Spool, error) { return Open(opts) }
	})
}
