package app

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"homing"
	"homing/internal/flow/notice"
)

// writeMetrics tells how everything is doing, for /metrics. It waits for no disk:
// what one must be asked for is gauged from beside. What each metric means stands
// in metricWords.
func (s *server) writeMetrics(w io.Writer) {
	var e exposition
	e.sample("homing_build_info", fmt.Sprintf("version=%q,commit=%q,go=%q", Version, Commit(), runtime.Version()), 1)
	e.flag("homing_ready", s.ready() == nil)
	if s.cfg.tracks() {
		s.edge.Metrics().WritePrometheus(&e)
	}
	e.sample("homing_postbacks_only_counted_total", "", float64(s.house.journal.Shed()))
	s.storageMetrics(&e)
	s.nodeMetrics(&e)
	s.clusterMetrics(&e)
	s.house.reporting.metrics(&e)
	s.house.backupMetrics(&e)
	s.peopleMetrics(&e)
	metrics.WriteProcessMetrics(&e)
	metrics.WriteFDMetrics(&e)
	e.writeTo(w)
}

// storageMetrics tell of what keeps clicks and verdicts, and of its disk.
func (s *server) storageMetrics(e *exposition) {
	h, g := s.house, &s.gauged
	durable := h.spool.Durable()
	e.sample("homing_spool_records_total", "", float64(durable))
	e.sample("homing_spool_kept_records", "", float64(durable-h.spool.Oldest()))
	if at := g.spoolOldest.Load(); at != 0 {
		e.sample("homing_spool_oldest_timestamp_seconds", "", seconds(homing.Millis(at)))
	}
	e.sample("homing_spool_bytes", "", float64(g.spoolBytes.Load()))
	damages, lost := h.spool.Damage(), uint64(0)
	for _, d := range damages {
		lost += uint64(d.Next - d.First)
	}
	e.sample("homing_spool_damages", "", float64(len(damages)))
	e.sample("homing_spool_lost_records", "", float64(lost))
	h.commits.spool.Write(e, "homing_spool_commit_seconds", "")

	e.sample("homing_ledger_bytes", "", float64(g.ledgerBytes.Load()))
	e.sample("homing_ledger_damages", "", float64(len(h.ledger.Damage())))
	h.commits.ledger.Write(e, "homing_ledger_commit_seconds", "")
	e.sample("homing_ledger_writes_total", "", float64(h.commits.writes.Load()))

	if disk, known := s.disk.Last(); known {
		e.sample("homing_disk_free_bytes", "", float64(disk.Free))
		e.sample("homing_disk_size_bytes", "", float64(disk.Total))
		full := math.Inf(1)
		if disk.Full > 0 {
			full = disk.Full.Seconds()
		}
		e.sample("homing_disk_full_in_seconds", "", full)
	}
}

// nodeMetrics tell of what this process mints under, and of its clock and memory.
func (s *server) nodeMetrics(e *exposition) {
	now := homing.MillisOf(s.clock())
	e.sample("homing_node", "", float64(s.minter.Node()))
	e.sample("homing_lease_margin_seconds", "", s.minter.Margin().Seconds())
	e.sample("homing_clock_steps_total", "", float64(s.gauged.clockSteps.Load()))
	if since := s.house.keyring().InUseSince(now); since != 0 {
		e.sample("homing_master_key_age_seconds", "", seconds(now-since))
	}
	if limit := memoryLimit(); limit > 0 {
		e.sample("homing_memory_limit_bytes", "", float64(limit))
	}
}

// metrics tell how reports are doing.
func (r *reporting) metrics(e *exposition) {
	status, lag := r.warehouse.Status(), r.loader.Lag()
	e.flag("homing_warehouse_up", status.Up)
	e.sample("homing_warehouse_bytes", "", float64(status.Bytes))
	e.sample("homing_warehouse_memory_bytes", "", float64(status.Memory))
	e.sample("homing_warehouse_incidents", "", float64(len(status.Incidents)))
	e.sample("homing_loader_behind_records", "", float64(lag.Records))
	e.sample("homing_loader_behind_seconds", "", lag.Behind.Seconds())
	e.sample("homing_loader_rows_per_second", "", float64(lag.Rate))
	e.sample("homing_loader_unread_records_total", "", float64(lag.Unread))
	e.sample("homing_loader_notices", "", float64(len(r.loader.Notices())))
}

// peopleMetrics tell of what people are told, and of what runs out unless
// somebody looks after it.
func (s *server) peopleMetrics(e *exposition) {
	backup := homing.Millis(0)
	if last := s.house.backups.last.Load(); last != nil {
		backup = last.at
	}
	e.sample("homing_backup_last_seconds", "", seconds(backup))
	stands := map[notice.Kind]int{}
	for _, n := range s.watch.Stands(0) {
		stands[n.Info.Kind]++
	}
	for _, k := range notice.Kinds() {
		e.sample("homing_notices", fmt.Sprintf("kind=%q", k.Kind), float64(stands[k.Kind]))
	}
	e.sample("homing_messages_undelivered", "", float64(len(s.watch.Failures(0))))
	for _, c := range s.certificates() {
		e.sample("homing_certificate_expiry_timestamp_seconds",
			fmt.Sprintf("listener=%q,file=%q,ours=%q", c.listener, c.File, fmt.Sprint(c.Ours)), seconds(c.Ends))
	}
}

// seconds is how Prometheus counts times: Unix seconds, or a length.
func seconds(ms homing.Millis) float64 {
	return float64(ms) / float64(time.Second/time.Millisecond)
}
