package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger/ledgertest"
)

// A disk that is filled by the load: the log is bounded, is folded with what the
// ballast gives, and when there is room writes go on by themselves.
func TestRoom(t *testing.T) {
	dir := smallDisk(t, "96m")
	l := openWith(t, Options{Path: filepath.Join(dir, "ledger.db"), Fatal: func(err error) { t.Error("fatal:", err) }})
	hasBallast := func() bool {
		info, err := os.Stat(l.path + "-ballast")
		return err == nil && info.Size() == ballastSize
	}
	for range 200 {
		if hasBallast() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 40<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var load load
	load.run(t, l)
	until(t, 40*time.Second, "the disk is full", func() bool { return load.refused.Load() > 500 })
	time.Sleep(1500 * time.Millisecond) // and stays full, under load
	if size := logSize(t, l); size > lateBytes+(4<<20) || load.longest.Load() > lateBytes+4<<20 {
		t.Errorf("the log has %d bytes, and had up to %d", size, load.longest.Load())
	}
	// The log was folded, although the file had to grow and there was no room.
	until(t, 5*time.Second, "the log is cut", func() bool { return logSize(t, l) < 1<<20 })
	until(t, 5*time.Second, "the ballast is back", hasBallast)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	before := load.done.Load()
	until(t, 5*time.Second, "writes go on", func() bool { return load.done.Load() > before+200 })
	load.end()
	if n := int64(count(t, l)); n != load.done.Load() {
		t.Errorf("%d conversions, %d acknowledged", n, load.done.Load())
	}
	if size := logSize(t, l); size > lateBytes+(4<<20) {
		t.Errorf("the log has %d bytes", size)
	}
	if err := l.Check(t.Context()); err != nil || len(l.Damage()) > 0 {
		t.Error(err, l.Damage())
	}
}

func until(t *testing.T, most time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v it is still not so that %s", most, what)
		}
	}
}

func logSize(t testing.TB, l *Ledger) int64 {
	t.Helper()
	info, err := os.Stat(l.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// load claims from many goroutines, and does not mind refusals.
type load struct {
	next, done, refused, longest atomic.Int64
	stopped                      atomic.Bool
	running                      sync.WaitGroup
}

func (d *load) run(t *testing.T, l *Ledger) {
	// Long receipts fill the disk sooner.
	p, err := homing.DecodePostback(ledgertest.Claim(ledgertest.Origin(1), "").Receipt)
	if err != nil {
		t.Fatal(err)
	}
	p.Target = strings.Repeat("x", 3000)
	receipt := homing.AppendPostback(nil, &p)
	for range 64 {
		d.running.Go(func() {
			for !d.stopped.Load() {
				c := ledgertest.Claim(clickAt(uint64(d.next.Add(1))), "")
				c.Receipt = receipt
				if _, err := l.Decide(t.Context(), c); err == nil {
					d.done.Add(1)
					continue
				} else if !errors.Is(err, homing.ErrUnavailable) {
					t.Error(err)
				}
				d.refused.Add(1)
				time.Sleep(time.Millisecond)
			}
		})
	}
	d.running.Go(func() {
		for !d.stopped.Load() {
			if size := logSize(t, l); size > d.longest.Load() {
				d.longest.Store(size)
			}
			time.Sleep(time.Millisecond)
		}
	})
	t.Cleanup(d.end)
}

func (d *load) end() {
	d.stopped.Store(true)
	d.running.Wait()
}
