package duckdb

import (
	"context"
	"fmt"
	"os"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/duckdb/process"
	"homing/internal/engine/warehouse/statement"
)

// sealing writes the files of one seal.
type sealing struct {
	w        *Warehouse
	day      warehouse.Day
	old      *manifest // nil if the day has none
	holdings statement.Holdings
	lost     losses
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
		if state, isLoss := s.lost.of(warehouse.Table(table), s.day); isLoss && state != awaited {
			next.Lost = append(next.Lost, raw.name)
			whole = whole && state != lostInRows
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
