package app

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"homing/internal/flow/disk"
)

// diskHistoryFile holds how full the disk was, hour by hour for a week. It may be
// lost: the forecast begins anew then.
const diskHistoryFile = "disk-history.json"

// openGauge makes the gauge of the data directory's disk, which goes on from what
// the run before has seen.
func (s *server) openGauge() *disk.Gauge {
	h := s.house
	g := disk.New(func() (disk.Space, error) { return spaceAt(h.dir.path) })
	path := h.dir.file(diskHistoryFile)
	var earlier []disk.Sample
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &earlier)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("how full the disk was can't be read, so its forecast begins anew", "file", path, "error", err)
		earlier = nil
	}
	g.Remember(earlier, func(samples []disk.Sample) {
		text, err := json.Marshal(samples)
		if err == nil {
			err = writeDurably(path, text, 0o600)
		}
		if err != nil { // a disk that is full, for which there are notices
			s.log.Debug("couldn't keep how full the disk is", "file", path, "error", err)
		}
	})
	return g
}
