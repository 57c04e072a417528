package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"homing"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// What can be damaged on a ClickHouse server, who meets it, and what helps. Homing does
// not mend it: it says what it hears, and what is to be done, in Status and to whoever
// verifies.
//
//   - A part whose files are not what was written, or are missing. A question meets it,
//     and is answered by another replica if there is one. The server of a replicated
//     table puts such a part aside then (it is "detached"), and fetches it from another
//     replica by itself; a single server goes on failing at it.
//   - A part that was put aside as broken, mostly when the server started: from then on
//     questions are answered without its rows. Once another part has its place, it
//     tells of something that is over; on a single server none ever has.
//   - A part of which no replica is left. The servers say so themselves.
//   - A table that stays read-only: what the keeper knew of it is gone. It is read, but
//     not written and not repaired.

// damageTold is how long is told what a question met. It is met again if it is asked
// again, and over if it is not.
const damageTold homing.Millis = 60 * 60 * 1000

// met is what somebody met that could not be read.
type met struct {
	at   homing.Millis
	text string
}

// meet notes what a host said that it cannot read.
func (h *health) meet(host string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.met == nil {
		h.met = map[string]met{}
	}
	h.met[host] = met{h.now(), err.Error()}
}

// damage is what is told, empty if there is none. It needs mu.
func (h *health) damage() string {
	var list []string
	for _, host := range slices.Sorted(maps.Keys(h.met)) {
		if m := h.met[host]; h.now()-m.at < damageTold {
			list = append(list, fmt.Sprintf("ClickHouse on %s could not read what it has stored: %s. "+
				"If it has replicas, it takes it from another one by itself within minutes; if not, its data must come from a copy of its disk.", host, m.text))
		}
	}
	return strings.Join(append(list, h.told...), " ")
}

// begunAnew forgets what was met before.
func (h *health) begunAnew() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.met)
}

// lookForDamage asks every server what it knows to be damaged. One that does not
// answer says nothing new.
func (w *Warehouse) lookForDamage(ctx context.Context, s *server) {
	var told []string
	readOnly := map[string]bool{}
	for _, host := range w.client.Address().Hosts {
		list, stuck, err := w.damageOf(ctx, s, host)
		if err != nil {
			w.log.Debug("a ClickHouse server does not say what is damaged", "host", host, "error", err)
			continue
		}
		told = append(told, list...)
		for _, table := range stuck {
			readOnly[host+" "+table] = true
			if w.health.wasReadOnly(host + " " + table) { // else it may be coming up
				told = append(told, fmt.Sprintf("The table %s on %s stays read-only: the keeper does not answer it, or has lost what it knew of it. "+
					"Look at its log, and if the keeper is well, run there: SYSTEM RESTART REPLICA %s, or else SYSTEM RESTORE REPLICA %s.", table, host, table, table))
			}
		}
	}
	w.health.mu.Lock()
	defer w.health.mu.Unlock()
	w.health.told, w.health.readOnly = told, readOnly
}

func (h *health) wasReadOnly(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readOnly[name]
}

// lostPartsSince is the version that counts parts of which no replica is left.
const lostPartsSince = 2303

// damageOf is what one server knows: in words, and the tables that are read-only.
func (w *Warehouse) damageOf(ctx context.Context, s *server, host string) (told, readOnly []string, err error) {
	c := w.client.Only(host)
	where := " WHERE database = " + literal(w.client.Address().Database)
	if s.cluster != "" {
		err = each(ctx, c, nil, func(r *wire.Rows) { readOnly = append(readOnly, r.Text(0)) },
			"SELECT table FROM system.replicas"+where+" AND is_readonly = 1 ORDER BY table")
	}
	if err == nil && s.cluster != "" && s.version >= lostPartsSince {
		err = each(ctx, c, nil, func(r *wire.Rows) {
			told = append(told, fmt.Sprintf("%d parts of the table %s are lost: no replica of %s has them. Their rows are missing from reports; "+
				"they can only come from a backup of ClickHouse.", r.Int(1), r.Text(0), host))
		}, "SELECT table, toInt64(lost_part_count) FROM system.replicas"+where+" AND lost_part_count > 0 ORDER BY table")
	}
	if err != nil || !s.isModern() { // before, servers do not list what they have put aside
		return told, readOnly, err
	}
	broken, err := w.brokenParts(ctx, s, c, where)
	for _, p := range broken {
		told = append(told, fmt.Sprintf("ClickHouse on %s has put a part of the table %s aside because it is broken (%s, %s): its rows are missing from reports, "+
			"unless another server has them. Put its files back from a copy of the disk, and run: ALTER TABLE %s ATTACH PART; "+
			"or give it up: ALTER TABLE %s DROP DETACHED PART '%s' SETTINGS allow_drop_detached = 1.", host, p.table, p.name, p.reason, p.table, p.table, p.name))
	}
	return told, readOnly, err
}

// part is one that was put aside.
type part struct {
	table, name, reason, partition string
	first, last                    int64 // of its blocks
}

// brokenParts are those that a server has put aside as broken, and that no other part
// of a replicated table has taken the place of. Where there are no replicas, blocks on
// both sides of a gap are merged over it, which says nothing.
func (w *Warehouse) brokenParts(ctx context.Context, s *server, c *wire.Client, where string) (broken []part, err error) {
	err = each(ctx, c, nil, func(r *wire.Rows) {
		broken = append(broken, part{r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Int(4), r.Int(5)})
	}, "SELECT table, name, ifNull(reason, ''), ifNull(partition_id, ''), toInt64(ifNull(min_block_number, 0)), toInt64(ifNull(max_block_number, 0)) "+
		"FROM system.detached_parts"+where+" AND startsWith(ifNull(reason, ''), 'broken') ORDER BY table, name")
	if err != nil || len(broken) == 0 || s.cluster == "" {
		return broken, err
	}
	var there []part
	err = each(ctx, c, nil, func(r *wire.Rows) {
		there = append(there, part{table: r.Text(0), partition: r.Text(1), first: r.Int(2), last: r.Int(3)})
	}, "SELECT table, partition_id, toInt64(min_block_number), toInt64(max_block_number) FROM system.parts"+where+" AND active")
	return slices.DeleteFunc(broken, func(b part) bool {
		return slices.ContainsFunc(there, func(p part) bool {
			return p.table == b.table && p.partition == b.partition && p.first <= b.first && p.last >= b.last
		})
	}), err
}
