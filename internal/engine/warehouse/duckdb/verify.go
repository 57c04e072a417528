package duckdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
)

// Verify implements warehouse.Keeper.
//
// Of each day: the sealed files' checksums; its rows, all columns of them, which
// has DuckDB check every block it reads; whether they are those of the seal,
// whether one is there twice, whether the totals are their sums, whether the
// conversions of its clicks have their facets. Sealing and
// giving up wait while a day is looked at, loads never: each comparison is one
// statement, and so of one moment, or is thrown away if rows came meanwhile.
func (w *Warehouse) Verify(ctx context.Context, progress warehouse.Progress) ([]warehouse.Flaw, error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	v := &verifying{w: w}
	days, err := v.days(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't verify the warehouse: %w", err)
	}
	v.manifests()
	for i, day := range days {
		progress("days of the warehouse", int64(i), int64(len(days)))
		if err := v.day(ctx, day); err != nil {
			return v.flaws, fmt.Errorf("couldn't verify %s: %w", day, err)
		}
		if v.unreadable {
			return v.flaws, nil // and what else would be found in such a file is no news
		}
	}
	progress("conversions of the warehouse", 0, 0)
	if err := v.conversions(ctx); err != nil {
		return v.flaws, fmt.Errorf("couldn't verify conversions: %w", err)
	}
	progress("days of the warehouse", int64(len(days)), int64(len(days)))
	return v.flaws, nil
}

// verifying is one call of Verify.
type verifying struct {
	w     *Warehouse
	flaws []warehouse.Flaw
	// unreadable: rows cannot be read, and the file has to be made anew.
	unreadable bool
}

func (v *verifying) found(f warehouse.Flaw) { v.flaws = append(v.flaws, f) }

// days lists the days with rows or with a seal.
func (v *verifying) days(ctx context.Context) ([]warehouse.Day, error) {
	if _, err := v.w.remember(ctx); err != nil {
		return nil, err
	}
	rows, err := rowsByDay(ctx, v.w.child, warehouse.DayAt(homing.MaxOriginTime)+1)
	if err != nil {
		return nil, err
	}
	all := map[warehouse.Day]bool{}
	for at := range rows {
		all[at.day] = true
	}
	for _, day := range v.w.archive.days() {
		all[day] = true
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// manifests tells of days whose manifest cannot be read.
func (v *verifying) manifests() {
	_, damaged := v.w.archive.named()
	slices.Sort(damaged)
	for _, text := range damaged {
		day, _ := parseDay(text)
		v.found(warehouse.Flaw{Kind: warehouse.SealDamaged, Day: day, File: filepath.Join("archive", text+".json"),
			What: "the list of what was sealed of the day cannot be read"})
	}
}

// day looks at one day.
func (v *verifying) day(ctx context.Context, day warehouse.Day) error {
	w := v.w
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	m := w.archive.find(day)
	sound := m != nil && v.seal(day, m)
	memory, err := w.remember(ctx)
	if err != nil {
		return err
	}
	isAwaited := memory.lost.awaits(day)
	for t, raw := range rawTables[:warehouse.ConversionTable] {
		at := tableAt{day: day, table: warehouse.Table(t)}
		if day < memory.holdings[t] {
			continue
		}
		if err := v.rows(ctx, at, raw, m, sound && !isAwaited); err != nil || v.unreadable {
			return err
		}
	}
	if day >= memory.holdings[warehouse.ClickTable] {
		if err := v.facets(ctx, day); err != nil || v.unreadable {
			return err
		}
	}
	if _, isLost := memory.lost.of(warehouse.ClickTable, day); isLost {
		return nil // its totals are those that were sealed
	}
	if _, isLost := memory.lost.of(warehouse.PostbackTable, day); isLost {
		return nil
	}
	return v.totals(ctx, day, memory)
}

// tableAt is a day of a table.
type tableAt struct {
	day   warehouse.Day
	table warehouse.Table
}

// seal compares the files of a sealed day with what the manifest says of them.
func (v *verifying) seal(day warehouse.Day, m *manifest) (sound bool) {
	sound = true
	if _, err := readManifest(v.w.archive.path(day.String() + ".json")); err != nil {
		sound = false
		v.found(warehouse.Flaw{Kind: warehouse.SealDamaged, Day: day, File: filepath.Join("archive", day.String()+".json"),
			What: "the list of what was sealed of the day cannot be read"})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		f := m.Files[name]
		if err := v.w.archive.check(f); err != nil {
			sound = false
			v.found(warehouse.Flaw{Kind: warehouse.SealDamaged, Day: day, File: filepath.Join("archive", f.Name),
				What: "the file is missing, cannot be read, or is not what was sealed"})
		}
	}
	return sound
}

// rows reads a day's rows of a table, and compares them with the seal that
// stands.
func (v *verifying) rows(ctx context.Context, at tableAt, t table, m *manifest, sound bool) error {
	w := v.w
	touches := w.touches.of(at.day)
	in := fmt.Sprintf(`(SELECT * FROM %s WHERE "at" >= %d AND "at" < %d)`, t.name, at.day.Start(), (at.day + 1).Start())
	stored, err := fingerprint(ctx, w.child, t, in)
	if err != nil {
		return v.broken(at, err)
	}
	if err := v.twice(ctx, at, in, rowKeys[t.name]); err != nil {
		return err
	}
	stands, err := number(ctx, w.child, `SELECT count(*) FROM sealed WHERE day = ? AND stands = 1`, int64(at.day))
	if err != nil {
		return err
	}
	if m == nil || !sound || stands == 0 {
		return nil
	}
	f, ok := m.Files[t.name]
	if !ok {
		return nil
	}
	sealed, err := fingerprint(ctx, w.child, t, "read_parquet("+literal(w.archive.path(f.Name))+")")
	if err != nil {
		return err
	}
	if sealed != stored && w.touches.of(at.day) == touches {
		v.found(warehouse.Flaw{Kind: warehouse.RowsDiffer, Table: at.table, Day: at.day, File: filepath.Join("archive", f.Name),
			What: fmt.Sprintf("%d %s are stored, %d are sealed, and they are not the same", stored.rows, t.name, sealed.rows)})
	}
	return nil
}

// twice looks for rows that are there more than once.
func (v *verifying) twice(ctx context.Context, at tableAt, from, key string) error {
	n, err := number(ctx, v.w.child, `SELECT count(*) FROM (SELECT 1 FROM `+from+` GROUP BY `+key+` HAVING count(*) > 1)`)
	switch {
	case errors.Is(err, homing.ErrOverloaded):
		return nil // more than its memory and its scratch take: the counts are compared by others
	case err != nil:
		return v.broken(at, err)
	case n > 0:
		v.found(warehouse.Flaw{Kind: warehouse.RowsTwice, Table: at.table, Day: at.day, What: fmt.Sprintf("%d %s are stored more than once", n, at.table)})
	}
	return nil
}

// broken makes a flaw of damage; other errors stay errors.
func (v *verifying) broken(at tableAt, err error) error {
	if !errors.Is(err, homing.ErrDamaged) {
		return err
	}
	v.unreadable = true
	v.found(warehouse.Flaw{Kind: warehouse.RowsDamaged, Table: at.table, Day: at.day, File: fileName,
		What: fmt.Sprintf("%s cannot be read: %v", at.table, err)})
	return nil
}

// totals compares a day's quarter-hour totals with the sums of its rows, of those
// tables whose rows have not been given up.
func (v *verifying) totals(ctx context.Context, day warehouse.Day, m *memory) error {
	var kinds []string
	for t, kind := range map[warehouse.Table]int{warehouse.ClickTable: clickTotals, warehouse.PostbackTable: postbackTotals} {
		if day >= m.holdings[t] {
			kinds = append(kinds, fmt.Sprint(kind))
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	sums := []string{"clicks", "uniques", "bots", "cost", "postbacks", "duplicates", "refusals"}
	less, differ := make([]string, len(sums)), make([]string, len(sums))
	for i, s := range sums {
		less[i], differ[i] = "-"+s+" AS "+s, "sum("+s+") <> 0"
	}
	of := "kind IN (" + strings.Join(kinds, ", ") + ")"
	sql := fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM (
			SELECT %[1]s, %[2]s FROM totals WHERE %[3]s AND quarter >= %[4]d AND quarter < %[5]d
			UNION ALL SELECT %[1]s, %[6]s FROM (%[7]s) WHERE %[3]s)
		GROUP BY %[1]s HAVING %[8]s)`,
		totalKeysSQL, strings.Join(sums, ", "), of, day.Start(), (day + 1).Start(), strings.Join(less, ", "), dayTotals(day), strings.Join(differ, " OR "))
	n, err := number(ctx, v.w.child, sql)
	if err != nil {
		return v.broken(tableAt{day, warehouse.ClickTable}, err)
	}
	if n > 0 {
		v.found(warehouse.Flaw{Kind: warehouse.TotalsDiffer, Day: day, What: fmt.Sprintf("%d of the quarter-hour totals are not the sums of their rows", n)})
	}
	return nil
}

// conversions reads all conversions.
func (v *verifying) conversions(ctx context.Context) error {
	at := tableAt{table: warehouse.ConversionTable}
	if _, err := fingerprint(ctx, v.w.child, conversions, conversions.name); err != nil {
		return v.broken(at, err)
	}
	return v.twice(ctx, at, conversions.name, "id")
}

// InspectArchive compares the files of sealed days with what their manifests say
// of them, in a directory whose warehouse nobody has open, and changes nothing.
func InspectArchive(ctx context.Context, dir string, progress warehouse.Progress) (flaws []warehouse.Flaw, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "archive", "*.json"))
	if err != nil {
		return nil, err
	}
	a := &archive{dir: filepath.Join(dir, "archive")}
	v := &verifying{w: &Warehouse{archive: a}}
	for i, name := range names {
		if progress != nil {
			progress("sealed days", int64(i), int64(len(names)))
		}
		if ctx.Err() != nil {
			return v.flaws, ctx.Err()
		}
		m, err := readManifest(name)
		if err != nil {
			day, _ := parseDay(strings.TrimSuffix(filepath.Base(name), ".json"))
			v.found(warehouse.Flaw{Kind: warehouse.SealDamaged, Day: day, File: filepath.Join("archive", filepath.Base(name)),
				What: "the list of what was sealed of the day cannot be read"})
			continue
		}
		v.seal(m.day, m)
	}
	return v.flaws, nil
}
