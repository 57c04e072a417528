package report

import (
	"strings"
	"testing"

	"homing/internal/engine/warehouse"
)

// Lost days are told by name, each once.
func TestLostDaysAreTold(t *testing.T) {
	const day = warehouse.Day(20_454) // 2026-01-01
	var p plan
	for range 2 {
		p.noteGaps([]warehouse.Gap{
			{Table: warehouse.ClickTable, Lost: true, From: day, Before: day + 1},
			{Table: warehouse.PostbackTable, Lost: true, From: day, Before: day + 3},
			{Table: warehouse.ClickTable, Lost: true, From: warehouse.Ever, Before: day},
		})
	}
	want := []string{"clicks from 2026-01-01 to 2026-01-01 ", "postbacks from 2026-01-01 to 2026-01-03 ", "clicks before 2026-01-01 "}
	if len(p.notes) != len(want) {
		t.Fatalf("notes %q", p.notes)
	}
	for i, text := range want {
		if !strings.Contains(p.notes[i], text) {
			t.Errorf("note %q, want %q", p.notes[i], text)
		}
	}
}
