package clickhouse_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse"
	"homing/internal/engine/warehouse/clickhouse/chtest"
	"homing/internal/engine/warehouse/warehousetest"
)

// largestFile is the one of the parts of a table of a server.
func largestFile(t *testing.T, on servers, database, table string) (name string) {
	t.Helper()
	most := int64(0)
	for _, part := range tell(t, on, database, fmt.Sprintf(
		"SELECT path FROM system.parts WHERE active AND database = '%s' AND table = '%s'", database, table)).Data {
		files, err := filepath.Glob(filepath.Join(part["path"].(string), "*.bin"))
		must(t, err)
		for _, file := range files {
			info, err := os.Stat(file)
			must(t, err)
			if info.Size() > most {
				name, most = file, info.Size()
			}
		}
	}
	if name == "" {
		t.Fatal("no part has files")
	}
	return name
}

// flip changes a bit in the middle of a file.
func flip(t *testing.T, name string) {
	t.Helper()
	content, err := os.ReadFile(name)
	must(t, err)
	content[len(content)/2] ^= 4
	must(t, os.WriteFile(name, content, 0o600))
}

func someClicks() (list []warehouse.Click) {
	for n := range 3000 {
		list = append(list, warehousetest.Click(n, noon+homing.Millis(n)))
	}
	return list
}

func listAll(t *testing.T, w *clickhouse.Warehouse) (n int, err error) {
	t.Helper()
	for _, err := range w.Clicks(t.Context(), &warehouse.List{From: noon - 1000, Until: noon + 1_000_000}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// wantDamage waits until the status tells of damage, in words that it must have; none
// for nothing.
func wantDamage(t *testing.T, w *clickhouse.Warehouse, words ...string) {
	t.Helper()
	eventually(t, func() error {
		w.Look()
		s := w.Status()
		missing := len(words) == 0 && s.Damage != "" || len(words) > 0 && s.Trouble == ""
		for _, word := range words {
			missing = missing || !strings.Contains(s.Damage, word)
		}
		if missing || !s.Up {
			return fmt.Errorf("the status is %+v, want %q", s, words)
		}
		return nil
	})
}

// TestAFlippedBit is met by a question, and told; making anew what can be is the end
// of it.
func TestAFlippedBit(t *testing.T) {
	engine := chtest.StartEngine(t)
	database := newDatabase()
	w := openDatabase(t, engine, database)
	defer func() { must(t, w.Close()) }()
	must(t, w.Load(t.Context(), &warehouse.Batch{Source: "spool/1", Next: 1, Clicks: someClicks()}))
	wantDamage(t, w)
	file := largestFile(t, engine, database, "clicks")
	engine.Kill()
	flip(t, file)
	engine.Start(t)
	if n, err := listAll(t, w); !errors.Is(err, homing.ErrDamaged) {
		t.Errorf("%d clicks, %v", n, err)
	}
	wantDamage(t, w, "could not read", "copy of its disk")
	flaws, err := w.Verify(t.Context(), nil)
	if err != nil || len(flaws) == 0 || flaws[0].Kind != warehouse.RowsDamaged {
		t.Errorf("flaws %+v, %v", flaws, err)
	}
}

// TestAPartThatWasPutAside: the server has found it broken when it started.
func TestAPartThatWasPutAside(t *testing.T) {
	engine := chtest.StartEngine(t)
	database := newDatabase()
	w := openDatabase(t, engine, database)
	defer func() { must(t, w.Close()) }()
	must(t, w.Load(t.Context(), &warehouse.Batch{Source: "spool/1", Next: 1, Clicks: someClicks()}))
	file := largestFile(t, engine, database, "clicks")
	engine.Kill()
	must(t, os.Truncate(file, 100))
	engine.Start(t)
	if n, err := listAll(t, w); n != 0 || err != nil {
		t.Errorf("%d clicks, %v", n, err)
	}
	wantDamage(t, w, "has put a part of the table clicks aside", "DROP DETACHED PART")
	flaws, err := w.Verify(t.Context(), nil)
	if err != nil || len(flaws) != 1 || !strings.Contains(flaws[0].What, "aside") {
		t.Errorf("flaws %+v, %v", flaws, err)
	}
	part := filepath.Base(filepath.Dir(file))
	found := tell(t, engine, database, fmt.Sprintf("SELECT name FROM system.detached_parts WHERE database = '%s'", database)).Data
	if len(found) != 1 || !strings.HasSuffix(found[0]["name"].(string), part) {
		t.Fatalf("put aside: %v", found)
	}
	tell(t, engine, database, fmt.Sprintf("ALTER TABLE clicks DROP DETACHED PART '%s' SETTINGS allow_drop_detached = 1", found[0]["name"]))
	wantDamage(t, w)
}

// TestADamagedReplica: the other one answers, the damage is told, and ClickHouse mends
// it by itself. From when it has put the part aside to when it has fetched it, its
// answers lack the rows, and nothing says so but the status.
func TestADamagedReplica(t *testing.T) {
	long(t)
	cluster := chtest.StartCluster(t, 2)
	database := newDatabase()
	w := openDatabase(t, cluster, database)
	defer func() { must(t, w.Close()) }()
	must(t, w.Load(t.Context(), &warehouse.Batch{Source: "spool/1", Next: 1, Clicks: someClicks()}))
	second := alone(cluster, cluster.Servers[1], database)
	file := largestFile(t, second, database, "clicks_here")
	flip(t, file)
	w.Restless()
	for range 2 { // one of them asks the second
		_, err := listAll(t, w)
		must(t, err)
	}
	wantDamage(t, w, "could not read", fmt.Sprint(cluster.Servers[1].HTTP))
	one := openDatabase(t, second, "")
	defer func() { must(t, one.Close()) }()
	eventually(t, func() error {
		n, err := listAll(t, one)
		if err == nil && n != 3000 {
			err = fmt.Errorf("%d clicks", n)
		}
		return err
	})
}
