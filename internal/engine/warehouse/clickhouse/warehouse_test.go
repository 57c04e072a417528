package clickhouse_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
	"homing/internal/engine/warehouse/warehousetest"
)

const noon = warehousetest.Noon

func clock() time.Time { return noon.Time().Add(6 * time.Hour) }

// servers are what a test may run on.
type servers interface{ URL(database string) string }

var databases atomic.Int64

// open opens an empty warehouse; closing it is up to the caller.
func open(t testing.TB, on servers) *clickhouse.Warehouse {
	t.Helper()
	return openDatabase(t, on, fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1)))
}

func openDatabase(t testing.TB, on servers, database string) *clickhouse.Warehouse {
	t.Helper()
	w, err := clickhouse.Open(clickhouse.Options{URL: on.URL(database), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// long leaves out what takes minutes.
func long(t testing.TB) {
	t.Helper()
	if os.Getenv("HOMING_TEST_LONG") == "" {
		t.Skip("takes minutes; HOMING_TEST_LONG=1 runs it")
	}
}

// TestSuiteOnTheEngine is the suite on ClickHouse 26.
func TestSuiteOnTheEngine(t *testing.T) {
	engine := chtest.StartEngine(t)
	warehousetest.Run(t, func(t testing.TB) warehouse.Warehouse { return open(t, engine) })
}

// TestSuiteOnOneServer is the suite on ClickHouse 18.16.
func TestSuiteOnOneServer(t *testing.T) {
	cluster := chtest.StartCluster(t, 1)
	warehousetest.Run(t, func(t testing.TB) warehouse.Warehouse { return open(t, cluster) })
}

// TestSuiteOnReplicas is the suite on two replicas of ClickHouse 18.16, of which each
// statement goes to the other one than the one before: what one was told must be true
// at the other at once. In short it is what replication could spoil most.
func TestSuiteOnReplicas(t *testing.T) {
	short := []string{"Unique", "EraseClick", "Reset"}
	if os.Getenv("HOMING_TEST_LONG") != "" {
		short = nil
	}
	cluster := chtest.StartCluster(t, 2)
	warehousetest.Run(t, func(t testing.TB) warehouse.Warehouse {
		w := open(t, cluster)
		w.Restless()
		return w
	}, short...)
	t.Run("ManyVisitorsOfTwoEdges", func(t *testing.T) { manyVisitors(t, cluster, 2) })
}

// TestSuiteOnShards is the suite on two shards of ClickHouse 18.16.
func TestSuiteOnShards(t *testing.T) {
	long(t)
	cluster := chtest.StartCluster(t, 1, 1)
	warehousetest.Run(t, func(t testing.TB) warehouse.Warehouse { return open(t, cluster) })
}

// eventually waits until something is so.
func eventually(t testing.TB, what func() error) {
	t.Helper()
	var err error
	for range 300 {
		if err = what(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error(err)
}
