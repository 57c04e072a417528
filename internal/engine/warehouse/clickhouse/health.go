package clickhouse

import (
	"context"
	"slices"
	"sync"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/clickhouse/wire"
)

// health is what Status tells: it is looked after by watch.
type health struct {
	now func() homing.Millis

	mu     sync.Mutex // guards what follows
	status warehouse.Status
	met    map[string]met // by the host that said it
	told   []string       // damage that servers told of when they were looked at last
	// readOnly are tables that were read-only then, by host and table.
	readOnly map[string]bool
}

// keptIncidents is how many troubles that are over are told.
const keptIncidents = 10

func (h *health) begin() {
	h.status = warehouse.Status{Trouble: "No ClickHouse server has answered yet.", Since: h.now()}
}

func (h *health) isUp(version string, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.status.Up {
		if h.status.Version != "" { // it was up before
			h.status.Incidents = slices.Insert(h.status.Incidents, 0,
				warehouse.Incident{From: h.status.Since, Until: h.now(), What: h.status.Trouble})
			h.status.Incidents = h.status.Incidents[:min(len(h.status.Incidents), keptIncidents)]
		}
		h.status.Up, h.status.Trouble, h.status.Since = true, "", h.now()
	}
	h.status.Version = "ClickHouse " + version
	if bytes >= 0 {
		h.status.Bytes = bytes
	}
}

func (h *health) isDown(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.status.Up {
		h.status.Up, h.status.Since = false, h.now()
	}
	h.status.Trouble = "ClickHouse does not answer: " + err.Error()
}

// Status implements warehouse.Keeper.
func (w *Warehouse) Status() warehouse.Status {
	w.health.mu.Lock()
	defer w.health.mu.Unlock()
	status := w.health.status
	status.Incidents = slices.Clone(status.Incidents)
	if status.Damage = w.health.damage(); status.Trouble == "" {
		status.Trouble = status.Damage
	}
	return status
}

// watchEvery is how often servers are asked whether they are there, and
// sizeEvery every how many times how large the tables are, and what is damaged.
const (
	watchEvery = 2 * time.Second
	sizeEvery  = 30
)

// watch keeps the status.
func (w *Warehouse) watch() {
	for n := 0; ; n++ {
		w.look(n%sizeEvery == 0)
		select {
		case <-time.After(watchEvery):
		case <-w.ctx.Done():
			return
		}
	}
}

func (w *Warehouse) look(size bool) {
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	s, err := w.ready(ctx)
	bytes := int64(-1)
	if err == nil && size {
		err = each(ctx, w.client, nil, func(r *wire.Rows) { bytes = r.Int(0) },
			"SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = "+literal(w.client.Address().Database))
		w.lookForDamage(ctx, s)
	} else if err == nil {
		err = each(ctx, w.client, nil, func(*wire.Rows) {}, "SELECT 1")
	}
	switch {
	case w.ctx.Err() != nil:
	case err != nil:
		w.health.isDown(err)
	default:
		w.health.isUp(s.text, bytes)
	}
}
