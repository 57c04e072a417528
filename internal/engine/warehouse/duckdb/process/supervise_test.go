package process_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/warehouse/duckdb/process"
)

// A load writes rows and the mark that counts them, as the warehouse does.
func TestKilledInTheMiddleOfALoad(t *testing.T) {
	p := begin(t, func(o *process.Options) { o.SetHealthy(time.Millisecond) })
	const rows = 2_000
	columns := someClicks(rows)
	write(t, p, clickTable(), process.Step{SQL: "CREATE TABLE marks (next BIGINT)"}, process.Step{SQL: "INSERT INTO marks VALUES (0)"})
	mark, unknown := int64(0), 0
	for range 20 {
		victim := p.Child()
		after := time.Duration(rand.IntN(200)) * time.Millisecond
		go func() {
			time.Sleep(after)
			_ = victim.Signal(syscall.SIGKILL)
		}()
		var err error
		for err == nil {
			one := int64(1)
			_, err = p.Write(soon(t), process.Step{Into: "clicks", Columns: columns},
				process.Step{SQL: "UPDATE marks SET next = ? WHERE next = ?", Args: []any{mark + 1, mark}, Expect: &one})
			if err == nil {
				mark++
			}
		}
		wants(t, err, homing.ErrUnavailable)
		if err := p.Ready(soon(t)); err != nil {
			t.Fatal(err)
		}
		switch got := number(t, p, "SELECT next FROM marks"); got {
		case mark:
		case mark + 1: // its commit was not heard of
			mark++
			unknown++
		default:
			t.Fatalf("the mark is %d, want %d", got, mark)
		}
		if n := number(t, p, "SELECT count(*) FROM clicks"); n != mark*rows {
			t.Fatalf("%d clicks at mark %d", n, mark)
		}
	}
	t.Logf("%d loads, %d of them without an answer", mark, unknown)
	if mark < 5 {
		t.Errorf("only %d loads were carried out: the test shows little", mark)
	}
	incidents := p.Status().Incidents
	if len(incidents) == 0 || incidents[0].What != "the warehouse process was killed (signal 9)" || incidents[0].Until < incidents[0].From {
		t.Errorf("the incidents are %v", incidents)
	}
}

func TestASilentChildIsKilledAndReplaced(t *testing.T) {
	p := begin(t, func(o *process.Options) { o.Silence = 1500 * time.Millisecond })
	first := p.Child()
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err := ask(soon(t), p, "SELECT 1")
	wants(t, err, homing.ErrUnavailable, "was silent for 1.5s and was killed")
	if err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	if n := number(t, p, "SELECT 1"); n != 1 || p.Child().Pid == first.Pid {
		t.Error("it is the same one")
	}
	st := p.Status()
	if !st.Up || st.Version == "" || st.Bytes == 0 || len(st.Incidents) != 1 || !strings.Contains(st.Incidents[0].What, "silent for 1.5s") {
		t.Errorf("the status is %+v", st)
	}
}

func TestABusyChildIsNotSilent(t *testing.T) {
	p := begin(t, func(o *process.Options) { o.Silence = 3 * time.Second })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := ask(ctx, p, heavy)
	wants(t, err, context.DeadlineExceeded)
	if st := p.Status(); !st.Up || len(st.Incidents) != 0 {
		t.Errorf("the status is %+v", st)
	}
}

func TestAChildThatHoldsTooMuchMemoryIsKilled(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the system does not tell what a process holds")
	}
	p := process.Start(func() process.Options {
		o := process.Options{Path: filepath.Join(t.TempDir(), "w"), Memory: 64 << 20, Clock: time.Now}
		o.SetAllowance(-63 << 20)
		return o
	}())
	defer p.Close()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); pause() {
		if strings.Contains(p.Status().Trouble+fmt.Sprint(p.Status().Incidents), "MiB of memory where 1 are allowed, and was killed") {
			return
		}
	}
	t.Errorf("the status is %+v", p.Status())
}

func TestRestartRunsBetween(t *testing.T) {
	p := begin(t, nil)
	write(t, p, process.Step{SQL: "CREATE TABLE t (n BIGINT)"}, process.Step{SQL: "INSERT INTO t VALUES (4)"})
	running := make(chan error)
	go func() {
		_, err := ask(soon(t), p, heavy)
		running <- err
	}()
	pause()
	first := p.Child()
	err := p.Restart(soon(t), func() error {
		if err := first.Signal(syscall.Signal(0)); err == nil {
			t.Error("the child is still there")
		}
		if _, err := p.Write(soon(t), process.Step{SQL: "SELECT 1"}); !errors.Is(err, homing.ErrUnavailable) {
			t.Errorf("between two children: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, <-running, homing.ErrUnavailable)
	if n := number(t, p, "SELECT n FROM t"); n != 4 {
		t.Error(n)
	}
	no := errors.New("no")
	if err := p.Restart(soon(t), func() error { return no }); err != no {
		t.Error(err)
	}
	if err := p.Ready(soon(t)); err != nil {
		t.Error(err)
	}
	if st := p.Status(); len(st.Incidents) != 0 {
		t.Errorf("what was asked for is no incident: %v", st.Incidents)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = ask(soon(t), p, "SELECT 1")
	wants(t, err, homing.ErrUnavailable, "closed")
	wants(t, p.Ready(soon(t)), homing.ErrUnavailable)
}

func TestGarbageOnThePipe(t *testing.T) {
	p := process.Start(process.Options{
		Command: []string{"/bin/sh", "-c", "echo this is not a frame, is it; sleep 60"}, Clock: time.Now,
		Path: filepath.Join(t.TempDir(), "w"), Memory: 1 << 28,
	})
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	wants(t, p.Ready(ctx), homing.ErrUnavailable, "no frame")
	if st := p.Status(); st.Up || !strings.Contains(st.Trouble, "no frame") || st.Since == 0 {
		t.Errorf("the status is %+v", st)
	}
}

func TestAChildThatEndsAtOnceIsToldInItsWords(t *testing.T) {
	p := process.Start(process.Options{
		Command: []string{"/bin/sh", "-c", "echo library missing >&2; exit 3"}, Clock: time.Now,
		Path: filepath.Join(t.TempDir(), "w"), Memory: 1 << 28,
	})
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	wants(t, p.Ready(ctx), homing.ErrUnavailable, "status 3", "library missing")
}

// The child answers garbage by ending, and the end of its input by ending too,
// whatever it is doing.
func TestTheChildEndsWithItsInput(t *testing.T) {
	for name, last := range map[string]string{"end of input": "", "garbage": "this is not a frame, is it"} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, process.Argument)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for _, frame := range openingFrames(t.TempDir(), heavy) {
			_, _ = in.Write(frame)
			pause()
		}
		_, _ = io.WriteString(in, last)
		if last == "" {
			_ = in.Close()
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if (err == nil) != (last == "") {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(8 * time.Second):
			t.Errorf("%s: the child goes on", name)
			_ = cmd.Process.Kill()
		}
	}
}

func TestADamagedFileIsToldInWords(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "warehouse.duckdb")
	o := process.Options{Path: path, Memory: 256 << 20, Threads: 1, Clock: time.Now}
	p := process.Start(o)
	if err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	write(t, p, clickTable(), process.Step{Into: "clicks", Columns: someClicks(50_000)})
	_ = p.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte){
		"header is garbage":           func(b []byte) { copy(b, strings.Repeat("garbage ", 20)) },
		"headers flipped":             func(b []byte) { flip(b[4096 : 3*4096]) },
		"all but the headers flipped": func(b []byte) { flip(b[3*4096:]) },
	} {
		bad := append([]byte(nil), good...)
		damage(bad)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		p := process.Start(o)
		err := p.Ready(soon(t))
		if err == nil {
			_, err = ask(soon(t), p, "SELECT count(DISTINCT sub1) + count(DISTINCT addr) FROM clicks")
		}
		if !errors.Is(err, homing.ErrDamaged) || !strings.Contains(fmt.Sprint(err), "the database file is damaged") {
			t.Errorf("%s: %v", name, err)
		}
		// The way out: put the file aside.
		err = p.Restart(soon(t), func() error { return os.Remove(path) })
		if err != nil {
			t.Errorf("%s: begun anew: %v", name, err)
		} else if n := number(t, p, "SELECT 5"); n != 5 {
			t.Error(n)
		}
		_ = p.Close()
	}
}

func flip(b []byte) {
	for i := range b {
		b[i] ^= 0x10
	}
}

func TestALockThatIsHeldIsWaitedFor(t *testing.T) {
	p := begin(t, nil)
	path := p.Path()
	other := process.Start(process.Options{Path: path, Memory: 256 << 20, Threads: 1, Clock: time.Now})
	defer other.Close()
	pause()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	wants(t, other.Ready(ctx), homing.ErrUnavailable)
	_ = p.Close()
	if err := other.Ready(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskIsToldAndSurvived(t *testing.T) {
	dir, resize := smallDisk(t, "24m")
	p := begin(t, func(o *process.Options) {
		o.Path, o.Scratch = filepath.Join(dir, "w.duckdb"), filepath.Join(dir, "scratch")
	})
	write(t, p, clickTable())
	columns, rows := someClicks(20_000), int64(0)
	var err error
	for err == nil && rows < 10_000_000 {
		if _, err = p.Write(soon(t), process.Step{Into: "clicks", Columns: columns}); err == nil {
			rows += 20_000
		}
	}
	wants(t, err, homing.ErrUnavailable)
	if err := p.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	if st := p.Status(); !strings.Contains(st.Trouble+fmt.Sprint(st.Incidents), "disk is full") {
		t.Errorf("the status is %+v", st)
	}
	if n := number(t, p, "SELECT count(*) FROM clicks"); n != rows {
		t.Errorf("%d rows, %d were acknowledged", n, rows)
	}
	if err := resize("200m"); err != nil {
		t.Fatal(err)
	}
	write(t, p, process.Step{Into: "clicks", Columns: columns})
	if n := number(t, p, "SELECT count(*) FROM clicks"); n != rows+20_000 {
		t.Errorf("%d rows with room again", n)
	}
	if st := p.Status(); st.Trouble != "" || len(st.Incidents) == 0 {
		t.Errorf("the status is %+v", st)
	}
}
