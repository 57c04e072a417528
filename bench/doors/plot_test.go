package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homing/internal/simulate/openloop"
)

// TestEveryDrawingIsWritten, and shows whom there are figures of.
func TestEveryDrawingIsWritten(t *testing.T) {
	b := &bench{clickShots: map[setting]series{}, postbackShots: map[setting]series{}}
	b.paced = map[string]map[string][]openloop.Percentiles{}
	for _, what := range paths {
		b.paced[what] = map[string][]openloop.Percentiles{ours: {{P50: 1, P90: 2, P99: 3, P999: 4}}}
	}
	for _, how := range settings {
		b.clickShots[how] = series{ours: {{rate: 1}}, limit: {{rate: 2}}}
		b.postbackShots[how] = series{ours: {{rate: 1}}}
	}
	dir := t.TempDir()
	if err := b.plot(dir); err != nil {
		t.Fatal(err)
	}
	for _, d := range drawings {
		text, err := os.ReadFile(filepath.Join(dir, d.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if drawn := string(text); !strings.Contains(drawn, d.title) || !strings.Contains(drawn, ours) {
			t.Errorf("%s does not show what it should", d.file)
		}
	}
}
