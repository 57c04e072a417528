package app

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"homing/internal/desk/control"
)

// TestADataDirectoryOfAKilledServer: what a server leaves behind that was killed
// while it started another process has lock and socket for a moment, and is not
// taken for a server; one that goes on listening is.
func TestADataDirectoryOfAKilledServer(t *testing.T) {
	path := t.TempDir()
	d, err := openDataDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	hold := func() (release func()) {
		lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			t.Fatal(err)
		}
		socket, err := control.Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := errors.Join(socket.Close(), lock.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	release := hold()
	time.AfterFunc(servesFor/4, release)
	d, err = openDataDir(t.Context(), path)
	if err != nil {
		t.Fatalf("what a killed server left is taken for a server: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	defer hold()()
	began := time.Now()
	if _, err = openDataDir(t.Context(), path); !errors.Is(err, errInUse) {
		t.Fatalf("a directory that is served: %v", err)
	}
	if took := time.Since(began); took > lockPatience/2 {
		t.Errorf("it took %s to see that it is served", took)
	}
}
