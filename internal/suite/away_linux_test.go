package suite

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAWarehouseThatCannotBeOpenedStopsNothing puts a plain file where the
// warehouse is to be.
func TestAWarehouseThatCannotBeOpenedStopsNothing(t *testing.T) {
	dir := data(t)
	inTheWay := filepath.Join(dir, "warehouse")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	p := play(s, s.newCampaign(s.newAccount()))
	time.Sleep(time.Second)

	const reason = "not a directory"
	if w := s.warehouse(); w.Up || !strings.Contains(w.Trouble, reason) {
		t.Errorf("homing warehouse status: %+v", w)
	}
	if out := s.homing("warehouse", "status"); !strings.Contains(out, "in trouble since") || !strings.Contains(out, reason) {
		t.Errorf("homing warehouse status: %s", out)
	}
	if _, stderr, code := s.try("report"); code != 1 || !strings.Contains(stderr, reason) || strings.Contains(stderr, "warehouse status") {
		t.Errorf("homing report: exit status %d: %s", code, stderr)
	}
	if p.clicks.Load() == 0 || p.postbacks.Load() == 0 {
		t.Errorf("%d clicks and %d postbacks got through", p.clicks.Load(), p.postbacks.Load())
	}

	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	s.recovers(reason)
	p.unharmed()
}

// TestAWarehouseThatCannotBeOpenedIsToldWithoutAServer has a command open it.
func TestAWarehouseThatCannotBeOpenedIsToldWithoutAServer(t *testing.T) {
	s := &server{t: t, dir: data(t)}
	s.newAccount()
	if err := os.WriteFile(filepath.Join(s.dir, "warehouse"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := s.homing("warehouse", "status"); !strings.Contains(out, "not a directory") {
		t.Errorf("homing warehouse status: %s", out)
	}
	if _, stderr, code := s.try("warehouse", "rebuild"); code != 1 || !strings.Contains(stderr, "not a directory") {
		t.Errorf("homing warehouse rebuild: exit status %d: %s", code, stderr)
	}
}

// TestOutputIntoAPipe: what is no file is written into, not replaced.
func TestOutputIntoAPipe(t *testing.T) {
	s := &server{t: t, dir: data(t)}
	s.newAccount()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenFile(pipe, os.O_RDWR, 0) // on both sides, so that nobody waits for anybody
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s.homing("export", "conversions", "--output", pipe)
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("it is a pipe no more: %v, %v", info, err)
	}
	head := make([]byte, 4096)
	if n, err := r.Read(head); err != nil || !strings.Contains(string(head[:n]), "click_id") {
		t.Errorf("read %q, %v", head[:n], err)
	}
}
