package simulate

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"homing/internal/desk/control"
)

// program writes a shell script that stands for homing.
func program(t *testing.T, script string) string {
	path := filepath.Join(t.TempDir(), "homing")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// nobody is a control socket where nobody listens.
type nobody struct{ Server }

func (nobody) Status(context.Context) (control.Status, error) {
	return control.Status{}, errors.New("nobody there")
}
func (nobody) Close() error { return nil }

func envOf(executable string) Env {
	connect := func(context.Context, string) (Server, error) { return nobody{}, nil }
	return Env{Out: io.Discard, Err: io.Discard, Clock: time.Now, Connect: connect, Executable: executable}
}

func TestAServerThatEndsTellsItsLastWords(t *testing.T) {
	c := command(100, 0.1, 0.1)
	c.Kill = true
	err := c.Run(t.Context(), envOf(program(t, "echo the disk is full >&2; exit 1")))
	if err == nil || !strings.Contains(err.Error(), "it ended by itself: the disk is full") {
		t.Fatalf("got %v", err)
	}
	kept := regexp.MustCompile(`kept in (\S+)\)`).FindStringSubmatch(err.Error())
	if kept == nil {
		t.Fatalf("the scratch directory is not named: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(kept[1], "serve.log")); err != nil || !strings.Contains(string(text), "disk is full") {
		t.Errorf("the log has %q, %v", text, err)
	}
	os.RemoveAll(kept[1])
}

func TestAnInterruptedServerIsGone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	c := &child{executable: program(t, "exec sleep 60"), dir: t.TempDir()}
	c.env = envOf(c.executable)
	if _, err := c.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("started: %v", err)
	}
	pid := c.present.Pid()
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("it is in group %d, %v", group, err)
	}
	c.Kill()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	c.Kill() // once more does nothing
}
