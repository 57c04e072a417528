package main

import (
	"os"
	"path/filepath"

	"homing/internal/simulate/plot"
)

// plot draws what the tables tell.
func (b *bench) plot(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, c := range []struct {
		file, title string
		shots       map[setting]series
		of          func(shot) float64
	}{
		{"clicks-per-second.svg", "Durable clicks a second", b.clickShots, rateOf},
		{"click-processor-time.svg", "Processor time a click, µs", b.clickShots, cpuOf},
		{"postbacks-per-second.svg", "Durable postbacks a second", b.postbackShots, rateOf},
		{"postback-processor-time.svg", "Processor time a postback, µs", b.postbackShots, cpuOf},
	} {
		drawn := plot.Plot{Title: c.title, Across: "connections"}
		for _, how := range []int{1, 16, 64, 256, 1024} {
			drawn.Steps = append(drawn.Steps, setting{connections: how}.String())
		}
		for _, name := range []string{ours, limit, always, everysec} {
			line := plot.Line{Name: name}
			for _, how := range []int{1, 16, 64, 256, 1024} {
				if all := c.shots[setting{connections: how}][name]; len(all) > 0 {
					line.Values = append(line.Values, median(all, c.of))
				}
			}
			if len(line.Values) > 0 {
				drawn.Lines = append(drawn.Lines, line)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(drawn.SVG()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
