package duckdb

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
)

// archive is the directory of seals. It is safe for concurrent use.
type archive struct {
	dir string
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	seals   map[warehouse.Day]*manifest
	damaged map[string]string // what cannot be read, by file name: what is wrong with it
}

// openArchive reads the manifests and removes what none of them names.
func openArchive(dir string, log *slog.Logger) (*archive, error) {
	a := &archive{dir: dir, log: log, seals: map[warehouse.Day]*manifest{}, damaged: map[string]string{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !isManifest(e.Name()) {
			continue
		}
		m, err := readManifest(filepath.Join(dir, e.Name()))
		switch {
		case errors.Is(err, homing.ErrDamaged):
			a.complain(e.Name(), err)
		case err != nil:
			return nil, err
		default:
			a.seals[m.day] = m
		}
	}
	return a, a.sweep()
}

// sweep removes files that belong to no seal: of sealings that a crash ended,
// and those that another sealing replaced. While a manifest is damaged or gone
// nobody knows which files were its own, so all of its day stay.
func (a *archive) sweep() error {
	named, damaged := a.named()
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		isOfDamaged := slices.ContainsFunc(damaged, func(day string) bool { return strings.Contains(name, day) })
		_, day, _, isOfSeal := orphanName(name)
		isOrphan := isOfSeal && a.find(day) == nil // its manifest may have been lost
		if named[name] || isManifest(name) || isOfDamaged || isOrphan || !isOurs(name) {
			continue
		}
		if err := removeFile(filepath.Join(a.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// isOurs tells files of seals from whatever else somebody put there.
func isOurs(name string) bool {
	return strings.HasSuffix(name, ".parquet") || strings.HasSuffix(name, temporary)
}

// named are the files that belong to a seal, and the days whose manifest is
// damaged.
func (a *archive) named() (files map[string]bool, damaged []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	files = map[string]bool{}
	for _, m := range a.seals {
		for _, f := range m.Files {
			files[f.Name] = true
		}
	}
	for name := range a.damaged {
		if day, ok := strings.CutSuffix(name, ".json"); ok {
			damaged = append(damaged, day)
		}
	}
	return files, damaged
}

// complain notes a file that cannot be read, until its day is sealed again.
func (a *archive) complain(name string, err error) {
	a.log.Error("a sealed day is damaged", "file", name, "error", err)
	a.mu.Lock()
	a.damaged[name] = err.Error()
	a.mu.Unlock()
}

// trouble says in words which files are damaged.
func (a *archive) trouble() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.damaged) == 0 {
		return ""
	}
	names := slices.Sorted(maps.Keys(a.damaged))
	return fmt.Sprintf("Of the sealed days, these files are damaged: %s.", strings.Join(names, ", "))
}

func (a *archive) empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.seals) == 0
}

// days lists the days with a manifest, oldest first.
func (a *archive) days() []warehouse.Day {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.seals))
}

// find is a day's manifest, nil if it has none. Manifests are not changed.
func (a *archive) find(day warehouse.Day) *manifest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seals[day]
}

// stand puts a manifest in the place of its day's last one, whose files go.
func (a *archive) stand(m *manifest) error {
	if err := m.write(a.dir); err != nil {
		return err
	}
	a.mu.Lock()
	a.seals[m.day] = m
	a.setAside(m.day)
	for name := range a.damaged {
		if strings.Contains(name, m.day.String()) {
			delete(a.damaged, name)
		}
	}
	a.mu.Unlock()
	return a.sweep()
}

// path is where a file of the archive lies.
func (a *archive) path(name string) string { return filepath.Join(a.dir, name) }

// check compares a file with what its manifest says of it.
func (a *archive) check(f file) error {
	sum, bytes, err := digest(a.path(f.Name))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", homing.ErrDamaged, err)
	case bytes != f.Bytes || sum != f.SHA256:
		return fmt.Errorf("%s is not what was sealed: %w", f.Name, homing.ErrDamaged)
	}
	return nil
}

// bytes is what the seals take on disk.
func (a *archive) bytes() (bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.seals {
		for _, f := range m.Files {
			bytes += f.Bytes
		}
	}
	return bytes
}

func parseDay(text string) (warehouse.Day, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("day %q: %w", text, homing.ErrDamaged)
	}
	return warehouse.DayAt(homing.MillisOf(at)), nil
}
