package segment

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"homing"
)

// fillable is a disk that is full for as long as full is true.
func fillable(full *atomic.Bool) vfs.FS {
	return &faultFS{FS: vfs.NewCrashableMem(), hook: func(op, _ string) outcome {
		if full.Load() && (op == "write" || op == "create") {
			return outcome{err: syscall.ENOSPC}
		}
		return outcome{}
	}}
}

// mustEnd wants a trouble to be over soon, though nobody appends.
func mustEnd(t *testing.T, s *Spool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); s.Trouble() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not end: %v", s.Trouble())
		}
	}
}

func TestTroubleTellsOfAFullDisk(t *testing.T) {
	var full atomic.Bool
	s := mustOpen(t, options(fillable(&full)))
	j := newJournal()
	if err := j.append(s, 1000); err != nil || s.Trouble() != nil {
		t.Fatalf("in good order: %v, trouble %v", err, s.Trouble())
	}
	full.Store(true)
	for range 20 {
		_ = j.append(s, 1000) // the prepared file may take one
	}
	if err := s.Trouble(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
	full.Store(false)
	mustEnd(t, s)
	if err := j.append(s, 1000); err != nil {
		t.Errorf("when the trouble is over: %v", err)
	}
	mustHold(t, s, j.acked)
	mustClose(t, s)
}

func TestTroubleTellsOfADiskThatIsFullAtTheBeginning(t *testing.T) {
	var full atomic.Bool
	disk := fillable(&full)
	s := mustOpen(t, options(disk))
	j := newJournal()
	if err := j.append(s, 1000); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	full.Store(true)
	s = mustOpen(t, options(disk))
	if err := s.Trouble(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("opened on a full disk: %v", err)
	}
	full.Store(false)
	mustEnd(t, s)
	mustClose(t, s)
}

func TestTroubleTellsOfTheEnd(t *testing.T) {
	var bad atomic.Bool
	s := mustOpen(t, options(&faultFS{FS: vfs.NewCrashableMem(), hook: func(op, _ string) outcome {
		if bad.Load() && op == "sync" {
			return outcome{err: syscall.EIO}
		}
		return outcome{}
	}}))
	j := newJournal()
	bad.Store(true)
	_ = j.append(s, 1000)
	if err := s.Trouble(); !errors.Is(err, homing.ErrUnavailable) || !errors.Is(err, syscall.EIO) {
		t.Errorf("after a failed fsync: %v", err)
	}
	_ = s.Close() // it has told already
}
