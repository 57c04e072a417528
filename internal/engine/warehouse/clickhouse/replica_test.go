package clickhouse_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
	"homing/internal/engine/warehouse/warehousetest"
)

// at is a URL as it is.
type at string

func (u at) URL(string) string { return string(u) }

// alone is a cluster's URL with one of its hosts.
func alone(c *chtest.Cluster, s *chtest.Server, database string) at {
	return at(strings.Replace(c.URL(database), hosts(c), fmt.Sprintf("127.0.0.1:%d", s.HTTP), 1))
}

func hosts(c *chtest.Cluster) string {
	var all []string
	for _, s := range c.Servers {
		all = append(all, fmt.Sprintf("127.0.0.1:%d", s.HTTP))
	}
	return strings.Join(all, ",")
}

// TestReplicasAreKilled kills one of two replicas after the other while rows are
// loaded. Batches are acknowledged while both are there, so every replica alone
// has everything afterwards, once.
func TestReplicasAreKilled(t *testing.T) {
	long(t)
	cluster := chtest.StartCluster(t, 2)
	rng := warehousetest.Random(t)
	world := warehousetest.NewWorld(rng, 100)
	database := newDatabase()
	w := openDatabase(t, cluster, database)
	must(t, w.Load(t.Context(), piece(world.Batches[0], 0, rng)))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			s := cluster.Servers[i%2]
			s.Kill()
			time.Sleep(time.Second)
			s.Start(t)
			// A replica that was killed is itself again when zookeeper has forgotten
			// it, after 4 s.
			select {
			case <-stop:
				return
			case <-time.After(12 * time.Second):
			}
		}
	}()
	failures := 0
	for _, b := range world.Batches {
		for end := time.Now().Add(2 * time.Minute); ; {
			mark, err := w.Mark(t.Context(), b.Source)
			if err == nil && mark.Next >= b.Next {
				break
			}
			if err == nil {
				err = w.Load(t.Context(), piece(b, mark.Next, rng))
			}
			if err != nil {
				failures++
				if !errors.Is(err, homing.ErrUnavailable) && !errors.Is(err, homing.ErrConflict) || time.Now().After(end) {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond)
			}
		}
	}
	close(stop)
	<-stopped
	t.Logf("%d calls failed", failures)
	m := modelOf(t, world)
	for _, s := range cluster.Servers {
		one := openDatabase(t, alone(cluster, s, database), "")
		same(t, world, rng, one, m)
		must(t, one.Close())
	}
	must(t, w.Close())
}

// TestOneReplicaIsEnough: with quorum=1 loading goes on while one is away.
func TestOneReplicaIsEnough(t *testing.T) {
	cluster := chtest.StartCluster(t, 2)
	rng := warehousetest.Random(t)
	world := warehousetest.NewWorld(rng, 200)
	database := newDatabase()
	w := openDatabase(t, at(cluster.URL(database)+"&quorum=1"), "")
	must(t, w.Load(t.Context(), piece(world.Batches[0], 0, rng)))
	cluster.Servers[0].Kill()
	loadAll(t, w, rng, world.Batches)
	m := modelOf(t, world)
	same(t, world, rng, w, m)
	cluster.Servers[0].Start(t)
	one := openDatabase(t, alone(cluster, cluster.Servers[0], database), "")
	same(t, world, rng, one, m)
	must(t, one.Close())
	must(t, w.Close())
}

// same compares a warehouse with a model, when it has caught up.
func same(t testing.TB, world *warehousetest.World, rng *rand.Rand, w *clickhouse.Warehouse, m *warehousetest.Model) {
	t.Helper()
	q := &warehouse.Query{From: world.From - 1<<30, Until: world.Until + 1<<30, Measures: 1<<warehouse.MeasureCount - 1}
	want, err := m.Ask(t.Context(), q)
	must(t, err)
	eventually(t, func() error {
		got, err := w.Ask(t.Context(), q)
		if err == nil && got.Rows[0].Measures != want.Rows[0].Measures {
			err = fmt.Errorf("%v, not %v", got.Rows[0], want.Rows[0])
		}
		return err
	})
	warehousetest.Differential(t, world, rng, w, m, warehousetest.Questions(t, 30))
}
