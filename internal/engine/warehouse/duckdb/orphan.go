package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
)

// adopt makes manifests for days that have files and no manifest, because it was
// lost or is damaged. A day's totals are worked out from its clicks and
// postbacks and compared with those that were sealed: that verifies all three.
// How far the sources had been loaded is not known, so the seal does not stand
// and what they still have of the day is looked at once more.
func (w *Warehouse) adopt(ctx context.Context, p *process.Process) error {
	orphans, err := w.archive.orphans()
	if err != nil {
		return err
	}
	for day, m := range orphans {
		switch err := w.verifyOrphan(ctx, p, m); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			w.archive.complain(day.String()+".json", fmt.Errorf("it is missing or damaged, and its files do not fit each other: %w", err))
			continue
		}
		w.log.Warn("a sealed day had no manifest; its files fit each other and are used", "day", day)
		if err := w.archive.stand(m); err != nil {
			return err
		}
	}
	return nil
}

func (w *Warehouse) verifyOrphan(ctx context.Context, p *process.Process, m *manifest) error {
	derived := "(" + dayTotals(m.day) + ")"
	for _, t := range []table{clicks, postbacks, totals} {
		f := m.Files[t.name]
		sum, bytes, err := digest(w.archive.path(f.Name))
		if err != nil {
			return fmt.Errorf("%w: %w", homing.ErrDamaged, err)
		}
		from := `read_parquet(` + literal(w.archive.path(f.Name)) + `)`
		is, err := fingerprint(ctx, p, t, from)
		if err != nil {
			return err
		}
		f.SHA256, f.Bytes, f.Rows = sum, bytes, is.rows
		m.Files[t.name] = f
		if t.name != totals.name {
			derived = strings.ReplaceAll(derived, `FROM `+t.name+` WHERE`, `FROM `+from+` WHERE`)
			continue
		}
		want, err := fingerprint(ctx, p, t, derived)
		if err != nil {
			return err
		}
		if is != want {
			return fmt.Errorf("the totals are not those of the rows: %w", homing.ErrDamaged)
		}
	}
	return nil
}

// orphans are the newest whole sets of files of days without a manifest.
func (a *archive) orphans() (map[warehouse.Day]*manifest, error) {
	names, err := filepath.Glob(filepath.Join(a.dir, "*.parquet"))
	if err != nil {
		return nil, err
	}
	sets := map[string]*manifest{}
	for _, name := range names {
		t, day, set, ok := orphanName(filepath.Base(name))
		if !ok || a.find(day) != nil {
			continue
		}
		key := day.String() + "." + strconv.Itoa(set)
		if sets[key] == nil {
			sets[key] = &manifest{day: day, Number: set, Through: map[string]uint64{}, Files: map[string]file{}}
		}
		sets[key].Files[t] = file{Name: filepath.Base(name)}
	}
	found := map[warehouse.Day]*manifest{}
	for _, m := range sets {
		if old := found[m.day]; len(m.Files) == 3 && (old == nil || old.Number < m.Number) {
			found[m.day] = m
		}
	}
	return found, nil
}

// orphanName reads the name of a file of a seal.
func orphanName(name string) (table string, day warehouse.Day, number int, ok bool) {
	table, rest, found := strings.Cut(strings.TrimSuffix(name, ".parquet"), "-")
	text, n, dotted := strings.Cut(rest, ".")
	number, err := strconv.Atoi(n)
	day, dayErr := parseDay(text)
	known := table == clicks.name || table == postbacks.name || table == totals.name
	return table, day, number, found && dotted && known && err == nil && dayErr == nil
}

// setAside gives another name to files of a day that are damaged, before they
// would be removed: somebody may still get something out of them.
func (a *archive) setAside(day warehouse.Day) {
	for name := range a.damaged {
		if strings.Contains(name, day.String()) && strings.HasSuffix(name, ".parquet") {
			_ = os.Rename(a.path(name), a.path(name)+".damaged") // or it goes
		}
	}
}
