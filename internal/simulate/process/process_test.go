//go:build unix

package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script starts a program that stands for homing.
func script(t *testing.T, text string, around ...string) (*Process, string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "homing")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := Begin(Launch{Program: program, Data: dir, Log: filepath.Join(dir, "log"), Args: []string{"--extra"}, Env: []string{"OF=ours"}, Around: around})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, dir
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestItIsToldWhatToDo(t *testing.T) {
	p, dir := script(t, `echo "$OF" "$@"`, "env", "OF=around")
	if err := p.Wait(soon(t)); err != nil {
		t.Error(err)
	}
	got := p.LastWords()
	if !strings.HasPrefix(got, "around serve --data-dir "+dir) || !strings.HasSuffix(got, "--extra") {
		t.Errorf("it was told %q", got)
	}
}

func TestItEndsInEveryWay(t *testing.T) {
	for name, end := range map[string]func(*Process) error{
		"SIGKILL": func(p *Process) error { p.Kill(); return nil },
		"SIGTERM": (*Process).Terminate,
		"any":     func(p *Process) error { return p.Signal(os.Interrupt) },
	} {
		p, _ := script(t, "exec sleep 60")
		if err := end(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := p.Wait(soon(t)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: it ended with %v", name, err)
		}
		select {
		case <-p.Exited():
		default:
			t.Errorf("%s: it is not said to be gone", name)
		}
		p.Kill() // once more is harmless
		p.Sweep()
	}
}

func TestAServerThatEndsByItselfSaysWhy(t *testing.T) {
	p, _ := script(t, "echo no such disk; exit 3")
	if _, err := p.Ready(soon(t)); err == nil || !strings.Contains(err.Error(), "no such disk") {
		t.Errorf("got %v", err)
	}
	if p.Warehouse() != nil {
		t.Error("it has a warehouse")
	}
}

func TestWhatCannotBeStartedIsAnError(t *testing.T) {
	dir := t.TempDir()
	if _, err := Begin(Launch{Program: filepath.Join(dir, "nothing"), Log: filepath.Join(dir, "log")}); err == nil {
		t.Error("it was started")
	}
}
