package main

import (
	"os"
	"path/filepath"
	"slices"

	"homing/bench/show"
	"homing/internal/simulate/openloop"
	"homing/internal/simulate/plot"
)

// drawing is a plot that is written: a figure of shots over numbers of
// connections, or latencies at a fixed rate over percentiles.
type drawing struct {
	file, title, what string
	of                func(shot) float64 // nil = latencies at a fixed rate
}

var drawings = []drawing{
	{"clicks-per-second.svg", "Clicks a second", "click", rateOf},
	{"click-processor-time.svg", "Processor time a click, µs", "click", cpuOf},
	{"click-latency.svg", "Latency of clicks at 1,000 a second, ms", "click", nil},
	{"postbacks-per-second.svg", "Postbacks a second", "postback", rateOf},
	{"postback-processor-time.svg", "Processor time a postback, µs", "postback", cpuOf},
	{"postback-latency.svg", "Latency of postbacks at 1,000 a second, ms", "postback", nil},
}

// pictures are the plots as the document shows them.
func pictures() (all []show.Picture) {
	for _, d := range drawings {
		all = append(all, show.Picture{Path: "pictures/" + d.file, Tells: d.title})
	}
	return all
}

// plot draws what the tables tell.
func (b *bench) plot(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, d := range drawings {
		draw := b.overConnections
		if d.of == nil {
			draw = b.overPercentiles
		}
		drawn := draw(&d)
		drawn.Title = d.title
		if err := os.WriteFile(filepath.Join(dir, d.file), []byte(drawn.SVG()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// overConnections has a figure of the shots that keep their connections.
func (b *bench) overConnections(d *drawing) plot.Plot {
	drawn := plot.Plot{Across: "connections"}
	shots := b.clickShots
	if d.what == "postback" {
		shots = b.postbackShots
	}
	kept := slices.DeleteFunc(slices.Clone(settings), func(s setting) bool { return s.close })
	slices.SortFunc(kept, func(x, y setting) int { return x.connections - y.connections })
	for _, how := range kept {
		drawn.Steps = append(drawn.Steps, how.String())
	}
	for _, name := range rivals {
		line := plot.Line{Name: name}
		for _, how := range kept {
			if all := shots[how][name]; len(all) > 0 {
				line.Values = append(line.Values, median(all, d.of))
			}
		}
		if len(line.Values) > 0 {
			drawn.Lines = append(drawn.Lines, line)
		}
	}
	return drawn
}

// overPercentiles has the latencies at a fixed rate.
func (b *bench) overPercentiles(d *drawing) plot.Plot {
	drawn := plot.Plot{Across: "share of requests that were answered by then"}
	for _, p := range percentiles {
		drawn.Steps = append(drawn.Steps, p.name)
	}
	for _, name := range rivals {
		all := b.paced[d.what][name]
		if len(all) == 0 {
			continue
		}
		line := plot.Line{Name: name}
		for _, p := range percentiles {
			line.Values = append(line.Values, median(all, p.of))
		}
		drawn.Lines = append(drawn.Lines, line)
	}
	return drawn
}

// rivals are the servers that are compared.
var rivals = []string{ours, limit, always, everysec}

// percentiles are those that are told.
var percentiles = []struct {
	name string
	of   func(openloop.Percentiles) float64
}{
	{"p50", func(p openloop.Percentiles) float64 { return p.P50 }},
	{"p90", func(p openloop.Percentiles) float64 { return p.P90 }},
	{"p99", func(p openloop.Percentiles) float64 { return p.P99 }},
	{"p99.9", func(p openloop.Percentiles) float64 { return p.P999 }},
}
