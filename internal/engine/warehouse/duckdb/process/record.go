package process

import (
	"os"

	"homing"
	"homing/internal/engine/warehouse"
)

// keptIncidents is how many troubles are remembered.
const keptIncidents = 20

// record is what went wrong, now and before.
type record struct {
	trouble   string        // now; empty if nothing is wrong
	since     homing.Millis // when it began, or when all was well again
	incidents []warehouse.Incident
}

// begin notes a trouble. The same one again goes on.
func (r *record) begin(what string, now homing.Millis) {
	if r.trouble == what {
		return
	}
	r.over(now)
	r.trouble, r.since = what, now
}

// over notes that all is well.
func (r *record) over(now homing.Millis) {
	if r.trouble != "" {
		incident := warehouse.Incident{From: r.since, Until: now, What: r.trouble}
		kept := r.incidents[:min(len(r.incidents), keptIncidents-1)]
		r.incidents = append([]warehouse.Incident{incident}, kept...)
	}
	r.trouble, r.since = "", now
}

func (r *record) status() warehouse.Status {
	return warehouse.Status{Trouble: r.trouble, Since: r.since, Incidents: r.incidents}
}

// fileBytes is what the database and its log take on disk.
func fileBytes(path string) int64 {
	bytes := int64(0)
	for _, name := range []string{path, path + ".wal"} {
		if info, err := os.Stat(name); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}
