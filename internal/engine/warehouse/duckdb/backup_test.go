package duckdb

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"homing/internal/engine/warehouse"
)

// sealByHand makes the seal of a day with given numbers of files' bytes.
func sealByHand(t *testing.T, dir string, day warehouse.Day, number int) *manifest {
	t.Helper()
	m := &manifest{day: day, Number: number, Files: map[string]file{}}
	for _, table := range []string{clicks.name, postbacks.name, totals.name} {
		name := fmt.Sprintf("%s-%s.%d.parquet", table, day, number)
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "%s %d", table, number), 0o600); err != nil {
			t.Fatal(err)
		}
		m.Files[table] = file{Name: name}
	}
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}
	return m
}

func copyOfArchive(t *testing.T, dir string) (map[string]string, int) {
	t.Helper()
	files := map[string]string{}
	days, err := ArchiveIn(dir).Copy(t.Context(), func(name string, size int64, from io.Reader) error {
		data, err := io.ReadAll(from)
		if int64(len(data)) != size {
			t.Errorf("%s has %d bytes, %d were said", name, len(data), size)
		}
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, days
}

func TestArchiveIsCopied(t *testing.T) {
	dir := t.TempDir()
	const day = warehouse.Day(20_000)
	sealByHand(t, dir, day, 1)
	sealByHand(t, dir, day+1, 2)
	for _, name := range []string{"clicks-2024-10-03.9.parquet.tmp", "notes.txt", "clicks-" + day.String() + ".7.parquet"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, (day+1).String()+".json"), []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, days := copyOfArchive(t, dir)
	if days != 2 || len(files) != 8 {
		t.Errorf("%d days, %d files: %v", days, len(files), files)
	}
	if files["clicks-"+(day+1).String()+".2.parquet"] == "" || files[(day+1).String()+".json"] != "{damaged" {
		t.Errorf("a day with a damaged manifest is not copied as it stands: %v", files)
	}
	if _, ok := files["clicks-"+day.String()+".7.parquet"]; ok {
		t.Error("a file that no manifest names was copied")
	}
	if files, days := copyOfArchive(t, filepath.Join(dir, "nowhere")); days != 0 || len(files) != 0 {
		t.Error("there is something in an archive that is not there")
	}
}

// TestDaysAreSealedBesideACopy wants each day as it was sealed at one moment.
func TestDaysAreSealedBesideACopy(t *testing.T) {
	dir := t.TempDir()
	const day = warehouse.Day(20_000)
	sealByHand(t, dir, day, 1)
	stop := make(chan struct{})
	var sealing sync.WaitGroup
	sealing.Go(func() {
		for n := 2; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			sealByHand(t, dir, day, n)
			for _, table := range []string{clicks.name, postbacks.name, totals.name} {
				_ = os.Remove(filepath.Join(dir, fmt.Sprintf("%s-%s.%d.parquet", table, day, n-1)))
			}
		}
	})
	for range 200 {
		files, _ := copyOfArchive(t, dir)
		if len(files) != 4 {
			t.Fatalf("%d files: %v", len(files), files)
		}
		path := filepath.Join(t.TempDir(), day.String()+".json")
		if err := os.WriteFile(path, []byte(files[day.String()+".json"]), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := readManifest(path)
		if err != nil {
			t.Fatal(err)
		}
		for table, f := range m.Files {
			if got, want := files[f.Name], fmt.Sprintf("%s %d", table, m.Number); got != want {
				t.Fatalf("%s holds %q, want %q", f.Name, got, want)
			}
		}
	}
	close(stop)
	sealing.Wait()
}
