package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// Seal implements warehouse.Keeper.
//
// There is nothing to be copied: rows below a mark are on a quorum of replicas,
// or in files that a single server has fsynced. A seal is a note of how many rows
// a day has, and of the marks; it stands until the day gets rows.
//
// The note is written before the rows are counted, so that whoever loads rows of
// the day meanwhile finds it and knocks it over.
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

// sealTries is how often a day is counted while rows of it keep coming, before
// loads of this process have to wait.
const sealTries = 3

// seal is Seal for who holds keeping.
func (w *Warehouse) seal(ctx context.Context, day warehouse.Day) error {
	for try := 1; ; try++ {
		done, err := w.trySeal(ctx, day, try >= sealTries)
		if done || err != nil {
			return err
		}
	}
}

func (w *Warehouse) trySeal(ctx context.Context, day warehouse.Day, holdLoads bool) (done bool, err error) {
	if holdLoads {
		if err := w.writing.take(ctx); err != nil {
			return false, err
		}
		defer w.writing.give()
	}
	s, st, err := w.read(ctx)
	if err != nil {
		return false, err
	}
	one := seal{Stands: true, Through: map[string]uint64{}}
	for source, mark := range st.marks {
		one.Through[source] = mark.Next
	}
	begun := st.next("seal", fmt.Sprint(int(day)), one)
	if err := w.insertNotes(ctx, s, begun); err != nil {
		return false, err
	}
	if one.Rows, err = w.countDay(ctx, s, st, day); err != nil {
		return false, err
	}
	if one.Bytes, err = w.dayBytes(ctx, s, day); err != nil {
		return false, err
	}
	now, err := w.state(ctx, s)
	if err != nil {
		return false, err
	}
	if now.versions[[2]string{begun.kind, begun.name}] != begun.version {
		return false, nil
	}
	return true, w.insertNotes(ctx, s, now.next(begun.kind, begun.name, one))
}

// dayTables are those that days are sealed of.
var dayTables = [...]warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable}

// countDay counts a day's clicks and postbacks.
func (w *Warehouse) countDay(ctx context.Context, s *server, st *state, day warehouse.Day) (rows [2]int64, err error) {
	for i, t := range dayTables {
		err := w.each(ctx, s, func(r *wire.Rows) { rows[i] = r.Int(0) }, fmt.Sprintf(
			"SELECT count() FROM %s FINAL WHERE at >= %d AND at < %d AND %s", rawTables[t].name, day.Start(), (day+1).Start(), st.visible(t)))
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// dayBytes is what a day takes on the server that answers.
func (w *Warehouse) dayBytes(ctx context.Context, s *server, day warehouse.Day) (bytes int64, err error) {
	err = w.each(ctx, s, func(r *wire.Rows) { bytes = r.Int(0) }, fmt.Sprintf(
		"SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = %s AND table IN (%s, %s) AND partition = '%d'",
		literal(w.client.Address().Database), literal(s.here(clicks)), literal(s.here(postbacks)), int(day)))
	return bytes, err
}

// Seals implements warehouse.Keeper.
func (w *Warehouse) Seals(ctx context.Context) (seals []warehouse.Seal, err error) {
	_, st, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, day := range st.sealed() {
		one := st.seals[day]
		seals = append(seals, warehouse.Seal{Day: day, Rows: one.Rows[0] + one.Rows[1], Bytes: one.Bytes, Through: maps.Clone(one.Through)})
	}
	return seals, nil
}

// sealed are the days whose seal stands, and which have not been given up.
func (st *state) sealed() (days []warehouse.Day) {
	for day, one := range st.seals {
		if one.Stands && (st.kept(warehouse.ClickTable, day.Start()) || st.kept(warehouse.PostbackTable, day.Start())) {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	return days
}
