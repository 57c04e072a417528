package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/engine/warehouse/warehousetest"
)

// TestAwaitedWarehouse is there as soon as it can be opened, and until then says
// what is wrong.
func TestAwaitedWarehouse(t *testing.T) {
	writable := make(chan struct{})
	var log strings.Builder
	now := time.UnixMilli(1_764_000_000_000)
	a := await(func() (warehouse.Warehouse, error) {
		select {
		case <-writable:
			return warehousetest.NewModel(), nil
		default:
			return nil, fmt.Errorf("mkdir /data/warehouse: not a directory: %w", homing.ErrDamaged)
		}
	}, time.Millisecond, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	ctx := t.Context()
	var list error
	for _, err := range a.Clicks(ctx, &warehouse.List{}) {
		list = err
	}
	_, ask := a.Ask(ctx, &warehouse.Query{})
	_, mark := a.Mark(ctx, "spool")
	for what, err := range map[string]error{"list": list, "ask": ask, "mark": mark, "load": a.Load(ctx, &warehouse.Batch{}), "reset": a.Reset(ctx, nil)} {
		if !errors.Is(err, homing.ErrUnavailable) || errors.Is(err, homing.ErrDamaged) || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s := a.Status(); s.Up || !strings.Contains(s.Trouble, "not a directory") || s.Since != homing.MillisOf(now) {
		t.Errorf("away: %+v", s)
	}
	close(writable)
	for deadline := time.Now().Add(10 * time.Second); !a.Status().Up; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is not opened again")
		}
	}
	if _, err := a.Mark(ctx, "spool"); err != nil {
		t.Errorf("there: %v", err)
	}
	if s := a.Status(); s.Trouble != "" || len(s.Incidents) != 1 || !strings.Contains(s.Incidents[0].What, "not a directory") {
		t.Errorf("there: %+v", s)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}

// TestAwaitedWarehouseThatNeverCame can be closed.
func TestAwaitedWarehouseThatNeverCame(t *testing.T) {
	a := await(func() (warehouse.Warehouse, error) { return nil, context.DeadlineExceeded }, time.Hour, time.Now, slog.New(slog.DiscardHandler))
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
