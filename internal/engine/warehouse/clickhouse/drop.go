package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// Drop implements warehouse.Keeper.
//
// First the totals of the days are written; nobody looks at them yet. Then it is
// written down from which day on the table has its rows: from here on questions
// take the totals and no rows, and a crash is harmless, because the next Drop
// deletes what is left. A crash before that leaves totals that the next Drop
// writes again.
func (w *Warehouse) Drop(ctx context.Context, table warehouse.Table, before warehouse.Day) error {
	if err := w.keeping.take(ctx); err != nil {
		return err
	}
	defer w.keeping.give()
	if err := w.drop(ctx, table, before); err != nil {
		return fmt.Errorf("couldn't drop %s before %s: %w", table, before, err)
	}
	return nil
}

func (w *Warehouse) drop(ctx context.Context, table warehouse.Table, before warehouse.Day) error {
	s, st, err := w.read(ctx)
	if err != nil {
		return err
	}
	if before > st.holdings[table] || st.holdings[table] == 0 {
		if err := w.giveUp(ctx, s, st, table, before); err != nil {
			return err
		}
		st.holdings[table] = before
	}
	return w.deleteDays(ctx, s, table, st.holdings[table])
}

// giveUp writes the totals of days, and that they are given up. No batch is on
// its way meanwhile from here; one of another process looks at the notes before
// it ends.
func (w *Warehouse) giveUp(ctx context.Context, s *server, st *state, table warehouse.Table, before warehouse.Day) error {
	if err := w.writing.take(ctx); err != nil {
		return err
	}
	defer w.writing.give()
	if table != warehouse.ConversionTable {
		days, err := w.days(ctx, s, rawTables[table].name, fmt.Sprintf("at < %d AND %s", before.Start(), st.visible(table)))
		if err != nil {
			return err
		}
		for _, day := range days {
			if err := w.writeTotals(ctx, s, st, table, day); err != nil {
				return err
			}
		}
	}
	n := st.next("dropped", rawTables[table].name, int(before))
	return w.insertNotes(ctx, s, n)
}

// days are those of a table's rows, the first one first.
func (w *Warehouse) days(ctx context.Context, s *server, table, where string) (days []warehouse.Day, err error) {
	err = w.each(ctx, s, func(r *wire.Rows) { days = append(days, warehouse.Day(r.Int(0))) },
		fmt.Sprintf("SELECT intDiv(at, %d) AS d FROM %s WHERE %s GROUP BY d ORDER BY d", dayMillis, table, where))
	return days, err
}

// writeTotals puts a day's totals in the place of those that are there.
func (w *Warehouse) writeTotals(ctx context.Context, s *server, st *state, table warehouse.Table, day warehouse.Day) error {
	piece := 2 * int64(day)
	if table == warehouse.PostbackTable {
		piece++
	}
	if err := w.dropTotals(ctx, s, piece); err != nil {
		return err
	}
	where := fmt.Sprintf("at >= %d AND at < %d AND node < %d AND %s", day.Start(), (day + 1).Start(), homing.FirstTestNode, st.visible(table))
	for _, sums := range daySums(table, piece, where) {
		settings := s.writing()
		for name, value := range s.reading() {
			settings[name] = value
		}
		if err := w.client.Exec(ctx, "INSERT INTO totals ("+totals.columns()+") "+sums, settings); err != nil {
			return err
		}
	}
	return nil
}

// daySums are the questions for the totals of some rows. They name no column,
// because ClickHouse would take a name for the column of that name.
func daySums(table warehouse.Table, piece int64, where string) []string {
	const keys = "campaign, account, country, device"
	if table == warehouse.ClickTable {
		billable := fmt.Sprintf("class = %d", homing.Billable)
		quarter := fmt.Sprintf("intDiv(at, %d) * %d", quarterMillis, quarterMillis)
		return []string{fmt.Sprintf(`SELECT toInt64(%d), 0, %s, %s, '', toInt64(countIf(%s)), toInt64(sumIf(uniq, %s)), toInt64(countIf(NOT (%s))),
			toInt64(sumIf(cost, %s)), toInt64(0), toInt64(0), toInt64(0) FROM clicks FINAL WHERE %s AND class <> %d GROUP BY %s, %s`,
			piece, quarter, keys, billable, billable, billable, billable, where, homing.TestClick, quarter, keys)}
	}
	var all []string
	for kind, at := range map[int]string{1: "at", 2: "base_at"} {
		quarter := fmt.Sprintf("intDiv(%s, %d) * %d", at, quarterMillis, quarterMillis)
		all = append(all, fmt.Sprintf(`SELECT toInt64(%d), %d, %s, %s, reason, toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(sum("count")),
			toInt64(sumIf("count", outcome = %d)), toInt64(sumIf("count", outcome = %d)) FROM postbacks FINAL WHERE %s GROUP BY %s, %s, reason`,
			piece, kind, quarter, keys, homing.Duplicate, homing.Refused, where, quarter, keys))
	}
	return all
}

// deleteDays deletes what was given up. Of conversions whole months go.
func (w *Warehouse) deleteDays(ctx context.Context, s *server, table warehouse.Table, before warehouse.Day) error {
	t, millis := rawTables[table], int64(dayMillis)
	if table == warehouse.ConversionTable {
		millis *= 30
	}
	var partitions []int64
	err := w.each(ctx, s, func(r *wire.Rows) { partitions = append(partitions, r.Int(0)) }, fmt.Sprintf(
		"SELECT %s AS d FROM %s WHERE at < %d GROUP BY d HAVING (d + 1) * %d <= %d", t.partition, t.name, before.Start(), millis, before.Start()))
	if err != nil {
		return err
	}
	for _, p := range partitions {
		if err := w.dropPartition(ctx, s, t, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// dropTotals deletes a piece that a Drop before has written and not finished, on all
// replicas: on one that did it later, some of the new ones might go, too.
func (w *Warehouse) dropTotals(ctx context.Context, s *server, piece int64) error {
	var count int64
	err := w.each(ctx, s, func(r *wire.Rows) { count = r.Int(0) }, fmt.Sprintf("SELECT count() FROM totals WHERE piece = %d", piece))
	if err != nil || count == 0 {
		return err
	}
	return w.dropPartition(ctx, s, totals, piece, wire.Settings{"replication_alter_partitions_sync": "2"})
}

// dropPartition deletes a partition, with more settings, or nil.
func (w *Warehouse) dropPartition(ctx context.Context, s *server, t table, partition int64, more wire.Settings) error {
	settings := wire.Settings{}
	maps.Copy(settings, more)
	if s.version >= 2312 { // before, only the server's configuration says how large one may be
		settings["max_partition_size_to_drop"] = "0"
	}
	return w.client.Exec(ctx, fmt.Sprintf("ALTER TABLE %s%s DROP PARTITION %d", s.here(t), s.onCluster(), partition), settings)
}

// Oldest implements warehouse.Keeper.
func (w *Warehouse) Oldest(ctx context.Context, table warehouse.Table) (day warehouse.Day, err error) {
	s, st, err := w.read(ctx)
	if err != nil {
		return 0, err
	}
	err = w.each(ctx, s, func(r *wire.Rows) {
		if r.Int(0) > 0 {
			day = warehouse.DayAt(homing.Millis(r.Int(1)))
		}
	}, strings.Join([]string{"SELECT count(), min(at) FROM", rawTables[table].name, "WHERE", st.visible(table)}, " "))
	if err != nil {
		return 0, fmt.Errorf("couldn't look for the oldest of %s: %w", table, err)
	}
	return day, nil
}
