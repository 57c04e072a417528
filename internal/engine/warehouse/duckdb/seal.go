package duckdb

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/statement"
)

// sealTries is how often a day is written while rows of it keep coming, before
// loads have to wait.
const sealTries = 3

// Seal implements warehouse.Keeper.
//
// Its files must be of one moment, together with the marks. Holding up loads
// for as long as a day is written would be the plain way; here loads go on, and
// if one brought rows of the day meanwhile, the day is written again.
func (w *Warehouse) Seal(ctx context.Context, day warehouse.Day) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	if err := w.seal(ctx, day); err != nil {
		return fmt.Errorf("couldn't seal %s: %w", day, err)
	}
	return nil
}

// seal is Seal for who holds keeping.
func (w *Warehouse) seal(ctx context.Context, day warehouse.Day) error {
	for try := 1; ; try++ {
		done, err := w.trySeal(ctx, day, try == sealTries)
		if done || err != nil {
			return err
		}
	}
}

// trySeal writes the day once. It is not done if rows of the day came meanwhile,
// which cannot be when loads are held up.
func (w *Warehouse) trySeal(ctx context.Context, day warehouse.Day, holdLoads bool) (done bool, err error) {
	if err := w.writing.take(ctx); err != nil {
		return false, err
	}
	held := true
	release := func() {
		if held {
			held = false
			w.writing.give()
		}
	}
	defer release()
	m, err := w.rememberNow(ctx)
	if err != nil {
		return false, err
	}
	gone, touches := m.erased.copied(), w.touches.of(day)
	through, err := w.allMarks(ctx)
	if err != nil {
		return false, err
	}
	if !holdLoads {
		release()
	}
	s := &sealing{w: w, day: day, old: w.archive.find(day), holdings: m.holdings, erased: gone}
	next, err := s.write(ctx, through)
	if err != nil {
		s.discard()
		return false, err
	}
	if w.touches.of(day) != touches {
		s.discard()
		return false, nil
	}
	if err := w.archive.stand(next); err != nil {
		return false, err
	}
	if !held {
		if err := w.writing.take(ctx); err != nil {
			return false, err
		}
		held = true
	}
	return true, w.noteSeal(ctx, day, w.touches.of(day) == touches)
}

// noteSeal has the seal stand, unless rows of its day have come since.
func (w *Warehouse) noteSeal(ctx context.Context, day warehouse.Day, stands bool) error {
	m, err := w.rememberNow(ctx)
	if err != nil {
		return err
	}
	w.forget()
	if _, err := w.child.Write(ctx, sealedSteps(day, stands)...); err != nil {
		return err
	}
	m.sealed[day] = stands
	w.memory.Store(m)
	return nil
}

func sealedSteps(day warehouse.Day, stands bool) []process.Step {
	return []process.Step{
		{SQL: `DELETE FROM sealed WHERE day = ?`, Args: []any{int64(day)}},
		{SQL: `INSERT INTO sealed SELECT ?, ?::BIGINT`, Args: []any{int64(day), oneIf(stands)}},
	}
}

func oneIf(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

func (w *Warehouse) allMarks(ctx context.Context) (map[string]uint64, error) {
	through := map[string]uint64{}
	err := each(ctx, w.child, func(r *process.Rows) { through[r.Text(0)] = uint64(r.Int(1)) }, `SELECT source, next FROM marks`)
	return through, err
}

// Seals implements warehouse.Keeper.
func (w *Warehouse) Seals(ctx context.Context) (seals []warehouse.Seal, err error) {
	if _, err := w.remember(ctx); err != nil {
		return nil, err
	}
	err = each(ctx, w.child, func(r *process.Rows) {
		if m := w.archive.find(warehouse.Day(r.Int(0))); m != nil && m.hasRows() {
			s := m.seal()
			s.Through = maps.Clone(s.Through)
			seals = append(seals, s)
		}
	}, `SELECT day FROM sealed WHERE stands = 1 ORDER BY day`)
	if err != nil {
		return nil, fmt.Errorf("couldn't list the sealed days: %w", err)
	}
	return seals, nil
}

// sealing writes the files of one seal.
type sealing struct {
	w        *Warehouse
	day      warehouse.Day
	old      *manifest // nil if the day has none
	holdings statement.Holdings
	erased   erased
	made     []string // files, to be removed if it comes to nothing
}

func (s *sealing) discard() {
	for _, name := range s.made {
		_ = removeFile(name) // or the next Open does
	}
}

// write makes the files and the manifest that names them, which is not yet in
// force. A table whose rows of the day were given up has no file; then the
// day's totals cannot be worked out any more, and stay as they were.
func (s *sealing) write(ctx context.Context, through map[string]uint64) (*manifest, error) {
	next := &manifest{day: s.day, Day: s.day.String(), Number: 1, Through: through, Files: map[string]file{}}
	if s.old != nil {
		next.Number = s.old.Number + 1
	}
	whole := true
	for table, raw := range rawTables[:warehouse.ConversionTable] {
		if s.day < s.holdings[table] {
			whole = false
			continue
		}
		if err := s.add(ctx, next, raw, dayRows(raw, s.day)); err != nil {
			return nil, err
		}
	}
	switch {
	case whole:
		return next, s.add(ctx, next, totals, dayTotals(s.day))
	case s.old == nil:
		return next, nil
	}
	old, ok := s.old.Files[totals.name]
	if !ok {
		return next, nil
	}
	from := "SELECT * FROM read_parquet(" + literal(s.w.archive.path(old.Name)) + ")"
	return next, s.add(ctx, next, totals, erasedTotals(from, &s.erased))
}

// add makes one file: written, read back, compared, fsynced, renamed.
func (s *sealing) add(ctx context.Context, next *manifest, t table, query string) error {
	name := fmt.Sprintf("%s-%s.%d.parquet", t.name, s.day, next.Number)
	path := s.w.archive.path(name)
	s.made = append(s.made, path+temporary, path)
	err := each(ctx, s.w.child, func(*process.Rows) {},
		`COPY (`+query+`) TO `+literal(path+temporary)+` (FORMAT parquet, COMPRESSION zstd)`)
	if err != nil {
		return fmt.Errorf("couldn't write %s: %w", name, err)
	}
	rows, err := s.verify(ctx, t, query, path+temporary)
	if err != nil {
		return err
	}
	sum, bytes, err := digest(path + temporary)
	if err != nil {
		return fmt.Errorf("couldn't read %s back: %w: %w", name, homing.ErrUnavailable, err)
	}
	if err := settle(path); err != nil {
		return fmt.Errorf("couldn't make %s durable: %w: %w", name, homing.ErrUnavailable, err)
	}
	next.Files[t.name] = file{Name: name, Bytes: bytes, Rows: rows, SHA256: sum}
	return nil
}

// settle gives a finished file its name. The name is durable with the manifest,
// which lies in the same directory.
func settle(path string) error {
	if err := syncFile(path + temporary); err != nil {
		return err
	}
	return os.Rename(path+temporary, path)
}

// verify reads a file back and compares it with what it was written from, row
// by row, but without regard to their order: their number, and the sum of a
// hash over all columns of each.
func (s *sealing) verify(ctx context.Context, t table, query, path string) (int64, error) {
	stored, err := fingerprint(ctx, s.w.child, t, "("+query+")")
	if err != nil {
		return 0, fmt.Errorf("couldn't verify %s: %w", path, err)
	}
	written, err := fingerprint(ctx, s.w.child, t, "read_parquet("+literal(path)+")")
	if err != nil {
		return 0, fmt.Errorf("couldn't read %s back: %w", path, err)
	}
	if stored != written {
		return 0, fmt.Errorf("%s is not what was written to it (%+v, not %+v): %w", path, written, stored, homing.ErrUnavailable)
	}
	return written.rows, nil
}

// print is what rows are compared by.
type print struct {
	rows int64
	sum  string
}

func fingerprint(ctx context.Context, p *process.Process, t table, from string) (f print, err error) {
	err = each(ctx, p, func(r *process.Rows) { f = print{r.Int(0), r.Text(1)} },
		`SELECT count(*), coalesce(sum(hash(`+t.columns()+`)), 0)::VARCHAR FROM `+from)
	return f, err
}

// dayRows are a table's rows of a day, in the order in which they are stored.
func dayRows(t table, day warehouse.Day) string {
	order := `"at", node, seq`
	if t.name == postbacks.name {
		order = `"at", number`
	}
	return fmt.Sprintf(`SELECT %s FROM %s WHERE "at" >= %d AND "at" < %d ORDER BY %s`,
		t.columns(), t.name, day.Start(), (day + 1).Start(), order)
}

// dayTotals are the totals of a day's rows, worked out anew: what partials adds
// up, said in SQL. Their quarters may lie in other days, when they are those of
// the clicks of postbacks.
func dayTotals(day warehouse.Day) string {
	const quarter = `"at" - "at" % 900000`
	in := fmt.Sprintf(`"at" >= %d AND "at" < %d AND node < %d`, day.Start(), (day + 1).Start(), homing.FirstTestNode)
	billable := fmt.Sprintf("class = %d", homing.Billable)
	ofClicks := fmt.Sprintf(`SELECT %d AS kind, %s AS quarter, campaign, account, country, device, '' AS reason,
		count(*) FILTER (%s) AS clicks, count(*) FILTER (%s AND uniq = 1) AS uniques, count(*) FILTER (NOT %s) AS bots,
		coalesce(sum(cost) FILTER (%s), 0) AS cost, 0 AS postbacks, 0 AS duplicates, 0 AS refusals
		FROM clicks WHERE %s AND class <> %d GROUP BY ALL`,
		clickTotals, quarter, billable, billable, billable, billable, in, homing.TestClick)
	ofPostbacks := func(kind int, quarter string) string {
		return fmt.Sprintf(`SELECT %d, %s AS quarter, campaign, account, country, device, reason, 0, 0, 0, 0, sum(count) AS postbacks,
			coalesce(sum(count) FILTER (outcome = %d), 0) AS duplicates, coalesce(sum(count) FILTER (outcome = %d), 0) AS refusals
			FROM postbacks WHERE %s GROUP BY ALL`, kind, quarter, homing.Duplicate, homing.Refused, in)
	}
	return typed(totals, "("+strings.Join([]string{ofClicks, ofPostbacks(postbackTotals, quarter),
		ofPostbacks(baseAtTotals, `base_at - base_at % 900000`)}, " UNION ALL ")+")") +
		` ORDER BY kind, quarter, campaign, account, country, device, reason`
}

// typed gives the columns of a query the table's types.
func typed(t table, from string) string {
	columns := make([]string, len(t.fields))
	for i, f := range t.fields {
		columns[i] = fmt.Sprintf(`"%s"::%s AS "%s"`, f.name, f.kind, f.name)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + from
}

// literal writes a text for a statement that takes no arguments there.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
