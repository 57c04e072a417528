package duckdb

import (
	"context"
	"strconv"
	"strings"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process"
)

// merging tells which quarters of totals have many partial sums. After a start
// what was there before counts as merged; that is a matter of room only.
//
// A quarter is merged when as many rows have come as it had after the last
// time, so that every row is read a few times at most, however fast they come;
// when it is over, as soon as a quarter of its rows can be saved. Postbacks of
// old clicks add a few rows to every quarter for weeks: merging for those alone
// would write all totals again and again.
// The rows of one load have different keys: a quarter that came whole, as most
// do while much is loaded at once, is merged already.
type merging struct {
	quarters map[int64]*partialRows
	newest   int64
}

// partialRows counts a quarter's rows in totals, and those that one load, or the
// last merge, brought at most.
type partialRows struct{ merged, added, most int }

// spare is how many rows a merge would save at most.
func (r *partialRows) spare() int { return r.merged + r.added - r.most }

const (
	// mergeFrom is how many partial rows of a quarter are worth a merge while
	// it is going on, and of all that are over.
	mergeFrom = 20_000
	// quarterOver is how long after its beginning a quarter is taken to be over.
	quarterOver = 4 * quarterOfHour
)

func newMerging() merging { return merging{quarters: map[int64]*partialRows{}} }

func (m *merging) note(all ...*partials) {
	counts := map[int64]int{}
	for _, p := range all {
		for i := range p.keys {
			counts[p.keys[i].quarter]++
		}
	}
	for quarter, n := range counts {
		rows := m.quarters[quarter]
		if rows == nil {
			rows = new(partialRows)
			m.quarters[quarter] = rows
		}
		rows.added += n
		rows.most = max(rows.most, n)
		m.newest = max(m.newest, quarter)
	}
}

// due are the quarters to be merged now.
func (m *merging) due() (quarters []int64) {
	var over []int64
	overRows := 0
	for quarter, rows := range m.quarters {
		switch {
		case rows.added > mergeFrom && rows.added > rows.merged && rows.spare() > 0:
			quarters = append(quarters, quarter)
		case quarter <= m.newest-quarterOver && rows.spare() > 0 && 4*rows.spare() >= rows.merged+rows.added:
			over = append(over, quarter)
			overRows += rows.spare()
		}
	}
	if overRows > mergeFrom {
		quarters = append(quarters, over...)
	}
	return quarters
}

// merged notes how many rows quarters have now.
func (m *merging) merged(quarters []int64, rows map[int64]int) {
	for _, quarter := range quarters {
		*m.quarters[quarter] = partialRows{merged: rows[quarter], most: rows[quarter]}
	}
}

// sums adds up rows of totals that have the same key.
const totalSumsSQL = `sum(clicks)::BIGINT AS clicks, sum(uniques)::BIGINT AS uniques, sum(bots)::BIGINT AS bots,
	sum(cost)::BIGINT AS cost, sum(postbacks)::BIGINT AS postbacks, sum(duplicates)::BIGINT AS duplicates,
	sum(refusals)::BIGINT AS refusals`

const totalKeysSQL = `kind, quarter, campaign, account, country, device, reason`

// tidy merges totals if it is time to. What it cannot do now it does after
// another load: the batch is in, so its errors are told to nobody but the log.
func (w *Warehouse) tidy(ctx context.Context, m *memory) {
	quarters := m.merging.due()
	if len(quarters) == 0 {
		return
	}
	if err := w.merge(ctx, m, quarters); err != nil && ctx.Err() == nil {
		w.log.Warn("quarter-hour totals could not be merged", "error", err)
	}
}

// merge replaces the rows of quarters by their sums. Answers are the same
// before and after, so nothing depends on whether it is in.
func (w *Warehouse) merge(ctx context.Context, m *memory, quarters []int64) error {
	in := inList(quarters)
	_, err := w.child.Write(ctx,
		process.Step{SQL: `CREATE OR REPLACE TEMP TABLE merged AS SELECT ` + totalKeysSQL + `, ` + totalSumsSQL +
			` FROM totals WHERE quarter IN ` + in + ` GROUP BY ` + totalKeysSQL},
		process.Step{SQL: `DELETE FROM totals WHERE quarter IN ` + in},
		process.Step{SQL: `INSERT INTO totals SELECT * FROM merged ORDER BY quarter, kind, campaign`},
		process.Step{SQL: `DROP TABLE merged`})
	if err != nil {
		return err
	}
	rows := map[int64]int{}
	err = each(ctx, w.child, func(r *process.Rows) { rows[r.Int(0)] = int(r.Int(1)) },
		`SELECT quarter, count(*) FROM totals WHERE quarter IN `+in+` GROUP BY quarter`)
	if err != nil {
		return err
	}
	m.merging.merged(quarters, rows)
	return nil
}

// inList writes numbers as the right side of IN.
func inList[N int64 | homing.ConversionID](numbers []N) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(int64(n), 10)
	}
	return "(" + strings.Join(texts, ", ") + ")"
}
