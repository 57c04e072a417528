package chtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// process is a program that a test has started.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// start starts a program. What it says is in a file of the directory.
func start(t testing.TB, dir, name string, command *exec.Cmd) *process {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(dir, name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr, command.Dir = log, log, dir
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command, make(chan struct{})}
	go func() {
		_ = command.Wait()
		_ = log.Close()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// hasEnded tells whether it is gone.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// kill ends it as a power cut would, and waits until it is gone.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// freePort is a port nobody listens at.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// patience is how long something may take to come up.
const patience = 60 * time.Second

// eventually waits until something works.
func eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	var err error
	for end := time.After(patience); ; {
		if err = try(); err == nil {
			return
		}
		select {
		case <-end:
			t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// answers tells whether a server answers.
func answers(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return ask(r)
}

// ask sends a request that is to be answered 200.
func ask(r *http.Request) error {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}

// here is the directory of this package: tests run in that of their own.
func here(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil && dir != "/"; dir = filepath.Dir(dir) {
		found := filepath.Join(dir, "internal/engine/warehouse/clickhouse/chtest")
		if _, err := os.Stat(found); err == nil {
			return found
		}
	}
	t.Fatalf("the checkout cannot be found: %v", err)
	return ""
}
