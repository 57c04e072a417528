//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func exporting(t *testing.T) *stage {
	return open(t, map[string]any{"GET /v1/export/clicks/csv": file{"click_id\nab\n", nil}})
}

// TestOutputIntoAPipe wants the pipe read, and still there.
func TestOutputIntoAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	// Open on both sides, so that nobody waits for anybody.
	r, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := exporting(t)
	if code := s.run("export", "clicks", "-o", pipe); code != 0 {
		t.Fatalf("%d %s", code, s.err.String())
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("it is a pipe no more: %v, %v", info, err)
	}
	got := make([]byte, len("click_id\nab\n"))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != "click_id\nab\n" {
		t.Errorf("read %q, %v", got, err)
	}
	alone(t, pipe)
}

// alone wants nothing left beside a file.
func alone(t *testing.T, path string) {
	t.Helper()
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestOutputOverALink wants the file behind it written and the link left.
func TestOutputOverALink(t *testing.T) {
	for _, before := range []string{"old", ""} { // "": it leads to nothing yet
		there, here := t.TempDir(), t.TempDir()
		aim, link := filepath.Join(there, "clicks.csv"), filepath.Join(here, "latest.csv")
		if before != "" {
			write(t, aim, before)
		}
		for _, to := range [][2]string{{"second", link}, {aim, filepath.Join(here, "second")}} {
			if err := os.Symlink(to[0], to[1]); err != nil {
				t.Fatal(err)
			}
		}
		s := exporting(t)
		if code := s.run("export", "clicks", "-o", link); code != 0 {
			t.Fatalf("%d %s", code, s.err.String())
		}
		if to, err := os.Readlink(link); err != nil || to != "second" {
			t.Errorf("it is a link no more: %q, %v", to, err)
		}
		if text, err := os.ReadFile(aim); err != nil || string(text) != "click_id\nab\n" {
			t.Errorf("behind it stands %q, %v", text, err)
		}
		alone(t, aim)
		// What fails leaves what was there as it was.
		s.answers = nil
		if code := s.run("export", "clicks", "-o", link); code != 1 {
			t.Errorf("%d %s", code, s.err.String())
		}
		if text, _ := os.ReadFile(aim); string(text) != "click_id\nab\n" {
			t.Errorf("it became %q", text)
		}
		alone(t, aim)
	}
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{dir: "is a directory", loop: "too many links", filepath.Join(dir, "no", "x.csv"): "no such file"} {
		s := exporting(t)
		if code := s.run("export", "clicks", "-o", path); code != 1 || !strings.Contains(s.err.String(), "--output") || !strings.Contains(s.err.String(), says) {
			t.Errorf("%s: %d %q, want %s", path, code, s.err.String(), says)
		}
	}
	alone(t, loop)
}

// TestOutputToAFullDevice fails, and leaves the device.
func TestOutputToAFullDevice(t *testing.T) {
	device := filepath.Join(t.TempDir(), "full") // one of our own: as root the real one would be at stake
	if err := syscall.Mknod(device, syscall.S_IFCHR|0o600, 1<<8|7); err != nil {
		t.Skipf("couldn't make a device: %v", err)
	}
	s := exporting(t)
	code := s.run("export", "clicks", "-o", device)
	if errors.Is(os.Remove(device+partSuffix), nil) {
		t.Error("a part was made beside it")
	}
	if info, err := os.Lstat(device); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Errorf("it is a device no more: %v, %v", info, err)
	}
	if code != 1 || !strings.Contains(s.err.String(), "no space left") {
		t.Errorf("%d %q", code, s.err.String())
	}
}
