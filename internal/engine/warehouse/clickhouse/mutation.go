package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"homing/internal/engine/warehouse/clickhouse/wire"
)

// mutationPause is how often it is looked whether a mutation is done.
const mutationPause = 200 * time.Millisecond

// awaitMutations waits for what a table was told, with servers that are too old to
// be asked to wait. A replica hears of it by way of the keeper, and need not have yet
// when another one has done it.
func (w *Warehouse) awaitMutations(ctx context.Context, name string) error {
	for {
		done, err := w.areDone(ctx, name)
		if done || err != nil {
			return err
		}
		select {
		case <-time.After(mutationPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// areDone tells whether every host has carried out all that it knows of, and knows
// of the newest that any replica of its table does.
func (w *Warehouse) areDone(ctx context.Context, name string) (bool, error) {
	type told struct{ replicas, newest string }
	var hosts []told
	newest := map[string]string{} // by what replicas have in common
	where := fmt.Sprintf("database = %s AND table = %s", literal(w.client.Address().Database), literal(name))
	for _, host := range w.client.Address().Hosts {
		c, one, left := w.client.Only(host), told{replicas: host}, int64(0)
		err := each(ctx, c, nil, func(r *wire.Rows) { one.replicas = r.Text(0) }, "SELECT zookeeper_path FROM system.replicas WHERE "+where)
		if err == nil {
			err = each(ctx, c, nil, func(r *wire.Rows) { one.newest, left = r.Text(0), r.Int(1) },
				"SELECT max(mutation_id), count() - sum(is_done) FROM system.mutations WHERE "+where)
		}
		if err != nil || left > 0 {
			return false, err
		}
		hosts = append(hosts, one)
		newest[one.replicas] = max(newest[one.replicas], one.newest)
	}
	for _, one := range hosts {
		if one.newest != newest[one.replicas] {
			return false, nil
		}
	}
	return true, nil
}

// partitionWidth is by what the column that decides the partition is divided.
var partitionWidth = map[string]struct {
	column string
	width  int64
}{
	clicks.name: {"at", dayMillis}, postbacks.name: {"at", dayMillis}, conversions.name: {"at", 30 * dayMillis}, totals.name: {"piece", 1},
}

// nudge writes a row that nobody sees into each partition. Servers as old as these
// leave the part alone that was the last to be written to a quorum, however long that
// is ago: what it was told waits until another one is. Later ones do not.
func (w *Warehouse) nudge(ctx context.Context, s *server, t table) error {
	if s.quorum < 2 {
		return nil
	}
	for _, host := range w.client.Address().Hosts {
		c, sheet := w.client.Only(host), t.block()
		err := each(ctx, c, nil, func(r *wire.Rows) { t.writeWaste(sheet, r.Text(0)) }, fmt.Sprintf(
			"SELECT DISTINCT partition FROM system.parts WHERE active AND database = %s AND table = %s",
			literal(w.client.Address().Database), literal(s.here(t))))
		if err == nil {
			err = w.insertAt(ctx, s, c, s.here(t), sheet)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeWaste adds a row of an epoch that never comes.
func (t table) writeWaste(to *wire.Block, partition string) {
	p, _ := strconv.ParseInt(partition, 10, 64) // partitions are numbers
	by := partitionWidth[t.name]
	for _, f := range t.fields {
		switch {
		case f.name == by.column:
			to.Int(p * by.width)
		case f.name == "epoch", f.name == "first":
			to.Int(-1)
		case f.kind == "String":
			to.Text("")
		default:
			to.Int(0)
		}
	}
}
