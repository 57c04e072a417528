package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"homing/internal/engine/warehouse/duckdb/process"
)

// However many reports are read, who loads finds a place.
func TestReportsLeaveAPlaceForOthers(t *testing.T) {
	p := begin(t, func(o *process.Options) { o.Readers, o.Reserve = 1, 1 })
	slow, err := p.Query(process.ForReport(soon(t)), "SELECT i FROM range(10000000) r(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := p.Query(process.ForReport(short), "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another report: %v", err)
	}
	for range 3 {
		rows, err := p.Query(soon(t), "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
		}
		rows.Close()
	}
}
