package duckdb_test

import (
	"context"
	"testing"
	"time"

	"homing/internal/engine/warehouse/duckdb"
)

// TestAKillWhileTheFileIsMadeLeavesNoDamage kills the first child of new
// warehouses ever later after its start.
func TestAKillWhileTheFileIsMadeLeavesNoDamage(t *testing.T) {
	for delay := range 12 {
		w, err := duckdb.Open(duckdb.Options{Dir: t.TempDir(), Memory: 1 << 30, Clock: clock})
		must(t, err)
		time.Sleep(time.Duration(20+6*delay) * time.Millisecond)
		killChildren(t)
		eventually(t, func() error { _, err := w.Mark(context.Background(), "any"); return err })
		must(t, w.Close())
	}
}
