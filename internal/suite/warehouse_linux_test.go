package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// traffic plays visitors and senders until it is ended; every one of them has
// to be served, whatever happens to the warehouse.
type traffic struct {
	s         *server
	stop      chan struct{}
	ended     sync.WaitGroup
	clicks    atomic.Int64
	postbacks atomic.Int64
	mu        sync.Mutex
	failed    []string
	slowest   time.Duration
}

func play(s *server, c campaign) *traffic {
	p := &traffic{s: s, stop: make(chan struct{})}
	for player := range 4 {
		p.ended.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-p.stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				begun := time.Now()
				click := s.get(false, c.path()+fmt.Sprintf("?sub1=player-%d&cost=0.01&country=DE", player))
				p.note(begun, click.status == 302, "click", click)
				if n%5 != 0 || click.status != 302 {
					continue
				}
				begun = time.Now()
				call := s.get(false, postbackPath+idIn(click.header.Get("Location"))+"?value=1.25")
				p.note(begun, call.status == 200, "postback", call)
			}
		})
	}
	s.t.Cleanup(p.end)
	return p
}

func (p *traffic) note(begun time.Time, served bool, what string, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slowest = max(p.slowest, time.Since(begun))
	switch {
	case !served:
		p.failed = append(p.failed, fmt.Sprintf("%s: %d %s", what, a.status, a.body))
	case what == "click":
		p.clicks.Add(1)
	default:
		p.postbacks.Add(1)
	}
}

func (p *traffic) end() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.ended.Wait()
}

// unharmed ends the traffic and wants everybody served and every report exact.
func (p *traffic) unharmed() {
	t := p.s.t
	t.Helper()
	p.end()
	if len(p.failed) > 0 {
		t.Errorf("%d clicks and postbacks failed, such as %s", len(p.failed), p.failed[0])
	}
	if p.clicks.Load() == 0 || p.postbacks.Load() == 0 {
		t.Errorf("%d clicks and %d postbacks got through", p.clicks.Load(), p.postbacks.Load())
	}
	t.Logf("%d clicks, %d postbacks, the slowest took %s", p.clicks.Load(), p.postbacks.Load(), p.slowest)
	p.exact()
}

// exact wants the report to say what was acknowledged.
func (p *traffic) exact() {
	t := p.s.t
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		var report struct {
			Totals struct {
				Clicks, Conversions int64
				Value, Cost         string
			}
			Notes []string
		}
		out, stderr, code := p.s.try("report", "--by", "campaign", "--metrics", "clicks,conversions,value,cost", "--range", "last_7_days", "--format", "json")
		if code == 0 {
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			clicks, postbacks := p.clicks.Load(), p.postbacks.Load()
			value, cost := micros(postbacks*1_250_000), micros(clicks*10_000)
			got := report.Totals
			if got.Clicks == clicks && got.Conversions == postbacks && sameMoney(got.Value, value) && sameMoney(got.Cost, cost) {
				return
			}
			stderr = fmt.Sprintf("%+v, want %d clicks, %d conversions worth %s, cost %s", report, clicks, postbacks, value, cost)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the report is not exact: %s", stderr)
		}
	}
}

// idIn cuts the click id out of where a visitor was sent.
func idIn(location string) string {
	_, rest, _ := strings.Cut(location, "t=")
	id, _, _ := strings.Cut(rest, "&")
	return id
}

func micros(n int64) string { return fmt.Sprintf("%d.%06d", n/1_000_000, n%1_000_000) }

func sameMoney(a, b string) bool {
	trim := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	return trim(a) == trim(b)
}

// warehousePID finds the warehouse's process among the server's children.
func (s *server) warehousePID() int {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.cmd.Process.Pid, s.cmd.Process.Pid))
		pids := strings.Fields(string(children))
		if tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid)); err == nil {
			for _, task := range tasks {
				more, _ := os.ReadFile(task)
				pids = append(pids, strings.Fields(string(more))...)
			}
		}
		for _, text := range pids {
			line, _ := os.ReadFile("/proc/" + text + "/cmdline")
			if strings.Contains(string(line), "warehouse-process") {
				pid, _ := strconv.Atoi(text)
				return pid
			}
		}
	}
	s.t.Fatal("the warehouse has no process")
	return 0
}

// warehouseStatus is what homing warehouse status says.
type warehouseStatus struct {
	Up        bool
	Trouble   string
	Incidents []struct{ From, Until, What string }
}

func (s *server) warehouse() (w warehouseStatus) {
	s.t.Helper()
	s.object(&w, "warehouse", "status")
	return w
}

// recovers waits until the warehouse is up after an incident whose words hold
// one of the given.
func (s *server) recovers(words ...string) {
	s.t.Helper()
	var w warehouseStatus
	for deadline := time.Now().Add(45 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		w = s.warehouse()
		if !w.Up || w.Trouble != "" {
			continue
		}
		for _, i := range w.Incidents {
			for _, word := range words {
				if strings.Contains(i.What, word) && i.From != "" && i.Until != "" {
					return
				}
			}
		}
	}
	s.t.Fatalf("the warehouse does not tell of %q and that it recovered: %+v\n%s", words, w, s.stderr.String())
}

// TestTheWarehousesDeathIsNotFelt kills, stops and damages the warehouse under
// load.
func TestTheWarehousesDeathIsNotFelt(t *testing.T) {
	s := start(t, data(t), "--warehouse-silence", "3s")
	c := s.newCampaign(s.newAccount())
	p := play(s, c)
	time.Sleep(time.Second)

	if err := syscall.Kill(s.warehousePID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.recovers("signal 9", "killed")

	if err := syscall.Kill(s.warehousePID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.recovers("silent")
	damageFile(t, filepath.Join(s.dir, "warehouse", "warehouse.duckdb"))
	if err := syscall.Kill(s.warehousePID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.recovers("damaged")
	p.unharmed()
	if !strings.Contains(s.stderr.String(), "damaged") {
		t.Errorf("the log does not tell of the damage: %s", s.stderr.String())
	}
}

// damageFile overwrites what stands in the file's middle and head.
func damageFile(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	junk := make([]byte, 64<<10)
	for i := range junk {
		junk[i] = byte(i*7 + 13)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(0); at < info.Size(); at += 256 << 10 {
		if _, err := f.WriteAt(junk, at); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAFullDiskStopsTheWarehouseOnly gives the warehouse a disk of its own and
// fills it.
func TestAFullDiskStopsTheWarehouseOnly(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounts a small file system, which needs root")
	}
	dir := data(t)
	disk := filepath.Join(dir, "warehouse")
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("couldn't mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	s := start(t, dir)
	c := s.newCampaign(s.newAccount())
	p := play(s, c)
	time.Sleep(time.Second)

	ballast := filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	for {
		if _, err := f.Write(block); err != nil {
			break
		}
	}
	f.Close()
	told := false
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline) && !told; time.Sleep(200 * time.Millisecond) {
		var status struct{ Notices []string }
		s.object(&status, "warehouse", "status")
		text := strings.Join(status.Notices, " ") + s.warehouse().Trouble
		if told = strings.Contains(text, "disk"); told {
			t.Logf("told: %s", text)
		}
	}
	if !told {
		t.Errorf("nobody is told that the disk is full: %+v", s.warehouse())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.unharmed()
	s.kill() // before its disk goes
}

// TestReportsEqualTheBooksAcrossADaylightSavingChange plays a run with kills of
// the server and of the warehouse's process, over the end of summer time in
// Berlin. The simulation compares every report with its own books, by every
// dimension, on both bases, in three zones, one of them Berlin's.
func TestReportsEqualTheBooksAcrossADaylightSavingChange(t *testing.T) {
	lookAtSources()
	change := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	offset := time.Until(change.Add(-6 * time.Second)).Round(time.Second)
	play := exec.Command(program, "simulate", "--kill", "--duration", "14s", "--rate", "60")
	play.Dir = t.TempDir()
	play.Env = append(os.Environ(), "HOMING_TEST_CLOCK_OFFSET="+offset.String())
	out, err := play.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "0 lost, 0 double") {
		t.Errorf("%v:\n%s", err, out)
	}
	if !strings.Contains(string(out), "reports compared") {
		t.Errorf("no report was compared:\n%s", out)
	}
	t.Logf("%s", out)
}
